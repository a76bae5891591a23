import type { Entry } from '../config/document.js';
import { profilesOf } from './baleine/prepare.js';
import { nameOf } from './compose/translate.js';
import { below, changed, fieldsOf, itemsOf, mapping, textOf } from './entries.js';
import { readProject } from './load.js';
import type { Format } from './project/loading.js';
import { withActive } from './project/services.js';
import type { Source } from './yaml/read-file.js';

/** The files of a stack as one, in the format that they are written in. */
export interface Resolved {
  format: Format;
  /** Without the services that the active profiles leave out. */
  root: Entry;
  directory: string;
  services: string[];
  /** References of images in registries, and names of those that are built. */
  images: string[];
  volumes: string[];
  /** Of all services, also of those that are left out. */
  profiles: string[];
  warnings: string[];
}

const SECTIONS: Readonly<Record<Format, readonly string[]>> = {
  compose: ['services'],
  baleine: ['containers', 'farms'],
};

/**
 * Merges the files of a stack and expands their variables. It does not check what they mean, and reads
 * neither secrets nor the env files of services.
 *
 * @throws ConfigError if they cannot be merged
 */
export function resolveProject(source: Source, { keepsVariables = false } = {}): Resolved {
  const { root, format, loading, warnings } = readProject(source, { keepsVariables });
  loading.problems.throwIfAny();
  const directory = source.project?.directory ?? source.directory;
  const options = { ...source.project, directory };
  const sections = SECTIONS[format];
  const services = sections.flatMap((each) => fieldsOf(below(root, each)));
  const inactive = new Set(
    withActive(mapping(root, services), () => profilesOf(options, loading)).inactive,
  );
  const active = changed(
    root,
    Object.fromEntries(sections.map((each) => [each, withoutThese(below(root, each), inactive)])),
  );
  const name = format === 'compose' ? nameOf(root, options, loading) : below(root, 'name');
  const kept = services.filter(([each]) => !inactive.has(each));
  return {
    format,
    root: name
      ? mapping(active, [['name', name], ...fieldsOf(changed(active, { name: undefined }))])
      : active,
    directory,
    services: kept.map(([each]) => each),
    images: format === 'compose' ? imagesOfServices(kept) : declaredImages(root),
    volumes: fieldsOf(below(root, 'volumes')).map(([each]) => each),
    profiles: unique(services.flatMap(([, each]) => textsOf(below(each, 'profiles')))).sort(),
    warnings: warnings.texts(),
  };
}

function withoutThese(section: Entry | undefined, names: ReadonlySet<string>): Entry | undefined {
  const kept = fieldsOf(section).filter(([name]) => !names.has(name));
  return section && mapping(section, kept);
}

/** Of a service that is built and has no name for it, the service's own. */
const imagesOfServices = (services: readonly [string, Entry][]) =>
  unique(services.map(([name, each]) => textOf(below(each, 'image')) ?? name));

const declaredImages = (root: Entry) =>
  unique(
    fieldsOf(below(root, 'images')).map(
      ([name, each]) => textOf(below(each, 'from', 'registry')) ?? name,
    ),
  );

const textsOf = (entry: Entry | undefined): string[] =>
  (itemsOf(entry) ?? (entry ? [entry] : [])).flatMap((each) => textOf(each) ?? []);

const unique = (texts: readonly string[]) => [...new Set(texts)];
