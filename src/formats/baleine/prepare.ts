import type { Entry } from '../../config/document.js';
import { below, changed, fieldsOf, mapping, mappingOf, scalar } from '../entries.js';
import type { Loading } from '../project/loading.js';
import { resolveService, withActive } from '../project/services.js';
import type { ProjectOptions } from '../yaml/read-file.js';

/** A file that conforms to the schema of baleine.yaml, unless it is wrong. */
export interface Prepared {
  root: Entry;
  /** Services that are left out because of their profiles. */
  inactive: string[];
  /** Base of relative paths whose own file is not known. */
  directory: string;
}

/** How the stack was asked for, beside its files. */
export type StackOptions = Partial<ProjectOptions> & { directory: string };

/**
 * Takes out of a merged baleine.yaml what it shares with compose files: `x-…`, `profiles`, `env_file`,
 * `label_file`, and variables of the shell in `environment`.
 */
export function prepare(root: Entry, options: StackOptions, loading: Loading): Prepared {
  const { directory, name } = options;
  if (!mappingOf(root)) return { root, inactive: [], directory };
  const profiles = () => profilesOf(options, loading);
  const inactive: string[] = [];
  const sections = fieldsOf(root).flatMap(([section, entry]): [string, Entry][] => {
    if (section.startsWith('x-')) return [];
    if (!mappingOf(entry)) return [[section, entry]];
    if (!['containers', 'farms', 'jobs'].includes(section)) return [[section, sectionOf(entry)]];
    const chosen = withActive(sectionOf(entry), profiles, options);
    inactive.push(...chosen.inactive);
    const resolve = section === 'farms' ? resolveFarm : resolveService;
    const services = fieldsOf(chosen.section).map(
      ([each, service]) => [each, resolve(service, loading)] as const,
    );
    return [[section, services.length > 0 ? mapping(entry, services) : chosen.section]];
  });
  const named: [string, Entry][] = name === undefined ? [] : [['name', scalar(root, name)]];
  return { root: mapping(root, [...sections, ...named]), inactive, directory };
}

/** Those of the command line, else those of COMPOSE_PROFILES. */
export function profilesOf({ profiles = [] }: StackOptions, { lookUp }: Loading): string[] {
  if (profiles.length > 0) return [...profiles];
  return (lookUp('COMPOSE_PROFILES') ?? '').split(',').filter((each) => each !== '');
}

/** Its entries without `x-…`. */
function sectionOf(section: Entry): Entry {
  const entries = fieldsOf(section).map(([name, entry]) => [name, withoutForeign(entry)] as const);
  return mapping(section, entries);
}

function withoutForeign(entry: Entry): Entry {
  const foreign = fieldsOf(entry).filter(([key]) => key.startsWith('x-'));
  if (foreign.length === 0) return entry;
  return changed(entry, Object.fromEntries(foreign.map(([key]) => [key, undefined])));
}

function resolveFarm(farm: Entry, loading: Loading): Entry {
  const parts = (['servers', 'proxy'] as const).flatMap((part) => {
    const entry = below(farm, part);
    return entry ? [[part, resolveService(withoutForeign(entry), loading)] as const] : [];
  });
  return mappingOf(farm) ? changed(farm, Object.fromEntries(parts)) : farm;
}
