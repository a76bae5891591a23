import { resolve } from 'node:path';
import type { Entry } from '../../config/document.js';
import { below, changed, fieldsOf, mappingOf, textOf } from '../entries.js';
import { parseYaml } from '../yaml/yaml.js';
import { expandVariables, type Format, type Loading, readFile } from './loading.js';
import { mergeServices, without } from './merge.js';

/** A chain of services that extend each other. */
const MAX_DEPTH = 50;

/** Where each format has its services. */
export const SECTION: Readonly<Record<Format, string>> = {
  compose: 'services',
  baleine: 'containers',
};

/** The services of one file, of which each is extended once. */
class Services {
  readonly #done = new Map<string, Entry>();

  constructor(
    /** Absolute path, for circles over several files. */
    readonly path: string,
    readonly root: Entry,
    private readonly format: Format,
    private readonly loading: Loading,
    private readonly files: Map<string, Services>,
  ) {}

  /** A service with what it extends; undefined if there is none of that name. */
  extended(name: string, chain: readonly string[]): Entry | undefined {
    const known = this.#done.get(name);
    const own = below(this.root, SECTION[this.format], name);
    if (known || !own) return known;
    const made = this.extend(name, own, chain);
    this.#done.set(name, made);
    return made;
  }

  private extend(name: string, own: Entry, chain: readonly string[]): Entry {
    const clause = below(own, 'extends');
    if (!clause) return own;
    const rest = without(own, 'extends');
    const { problems } = this.loading;
    const here = `${name} of ${this.path}`;
    if (chain.includes(here) || chain.length >= MAX_DEPTH) {
      problems.of(clause, `service ${name} extends itself, by way of others`);
      return rest;
    }
    const base = this.baseOf(clause, [...chain, here]);
    return base ? mergeServices(base, rest, problems) : rest;
  }

  private baseOf(clause: Entry, chain: readonly string[]): Entry | undefined {
    const { problems } = this.loading;
    const [serviceAt, fileAt] = [below(clause, 'service') ?? clause, below(clause, 'file')];
    const service = textOf(serviceAt);
    if (service === undefined) {
      problems.of(clause, '"extends" needs the name of a service', 'extends: {service: web}');
      return undefined;
    }
    const services = fileAt ? this.otherFile(fileAt) : this;
    const base = services?.extended(service, chain);
    if (services && !base) {
      const file = fileAt ? ` in ${textOf(fileAt)}` : '';
      problems.of(serviceAt, `there is no service "${service}"${file} to extend`);
    }
    return base;
  }

  private otherFile(place: Entry): Services | undefined {
    const { loading, format, files } = this;
    const path = resolve(place.source.directory, textOf(place) ?? '');
    const known = files.get(path);
    if (known) return known;
    const source = readFile(path, loading, { place });
    if (!source) return undefined;
    const document = parseYaml({ ...source, file: shownPath(place, path) });
    expandVariables(document, format, loading);
    const made = new Services(path, document.root, format, loading, files);
    files.set(path, made);
    return made;
  }
}

/** As the file names it, relative to its own folder. */
export function shownPath({ source }: Entry, path: string): string {
  const folder = resolve(source.directory);
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** Merges into each service of a file the service that its `extends` names. */
export function resolveExtends(root: Entry, format: Format, loading: Loading): Entry {
  const section = below(root, SECTION[format]);
  if (!section || !mappingOf(section)) return root;
  if (!fieldsOf(section).some(([, each]) => below(each, 'extends'))) return root;
  const path = resolve(root.source.directory, root.source.file);
  const services = new Services(path, root, format, loading, new Map());
  const made = fieldsOf(section).map(
    ([name, each]) => [name, services.extended(name, []) ?? each] as const,
  );
  return changed(root, { [SECTION[format]]: changed(section, Object.fromEntries(made)) });
}
