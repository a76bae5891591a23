import { resolve } from 'node:path';
import type { Entry } from '../../config/document.js';
import {
  below,
  changed,
  fieldsOf,
  inPlaceOf,
  isNull,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  textOf,
} from '../entries.js';
import type { ProjectOptions } from '../yaml/read-file.js';
import { parseEnvFile } from './env-file.js';
import { type Loading, readFile } from './loading.js';
import { pairsOf, without } from './merge.js';

/** What both formats have in services and no container has: env files, variables of the shell, label files. */
export function resolveService(service: Entry, loading: Loading): Entry {
  if (!mappingOf(service)) return service;
  const environment = environmentOf(service, loading);
  const labels = labelsOf(service, loading);
  return changed(without(service, 'env_file', 'label_file'), {
    ...(environment && { environment }),
    ...(labels && { labels }),
  });
}

/** Those of `environment` win; a name without a value is taken from the shell, if it is set there. */
function environmentOf(service: Entry, loading: Loading): Entry | undefined {
  const [own, files] = [below(service, 'environment'), below(service, 'env_file')];
  const needsShell = (itemsOf(own) ?? []).some((each) => !textOf(each)?.includes('='));
  if (own && !files && !needsShell && !hasNull(own)) return own;
  // the schema reports it
  if (own && !isPairs(own)) return own;
  const fromFiles = files ? variablesOf(files, loading) : [];
  const ownFields = own ? fieldsOf(pairsOf(own)) : [];
  if (own && ownFields.length === 0 && fromFiles.length === 0) return own;
  const fields = [...fromFiles, ...ownFields.map(([name, each]) => fromShell(name, each, loading))];
  const place = own ?? files;
  return place && mapping(place, new Map(fields));
}

/** The service with those of its variables without a value that are set in the shell or in `.env`. */
export function withShellVariables(service: Entry, loading: Loading): Entry {
  const own = below(service, 'environment');
  if (!own || !isPairs(own)) return service;
  const pairs = pairsOf(own);
  if (!hasNull(pairs)) return service;
  const fields = fieldsOf(pairs).map(
    ([name, each]) => [name, fromShell(name, each, loading)[1] ?? each] as const,
  );
  return changed(service, { environment: mapping(own, fields) });
}

/** Whether it is a mapping, or a list of text. */
const isPairs = (entry: Entry) =>
  itemsOf(entry)?.every(({ node }) => node.type === 'scalar' && typeof node.value === 'string') ??
  entry.node.type === 'mapping';

const hasNull = (entry: Entry) => fieldsOf(entry).some(([, each]) => isNull(each));

function fromShell(name: string, entry: Entry, { lookUp }: Loading): [string, Entry | undefined] {
  if (!isNull(entry)) return [name, entry];
  const value = lookUp(name);
  return [name, value === undefined ? undefined : text(entry, value)];
}

function text(place: Entry, value: string): Entry {
  const { at } = place;
  return inPlaceOf(place, { type: 'scalar', plain: false, text: value, value, start: at, end: at });
}

/** The variables of `env_file`: a path, or a list of paths and of `{path, required, format}`. */
function variablesOf(files: Entry, loading: Loading): [string, Entry][] {
  const variables: [string, Entry][] = [];
  const known = new Map<string, string>();
  for (const clause of itemsOf(files) ?? [files]) {
    const place = below(clause, 'path') ?? clause;
    const path = resolve(place.source.directory, textOf(place) ?? '');
    const isRequired = booleanOf(below(clause, 'required')) !== false;
    const { inputs, problems } = loading;
    const source = isRequired
      ? readFile(path, loading, { place })
      : quietly(() => inputs.read(path));
    if (!source) continue;
    const lookUp = (name: string) => loading.lookUp(name) ?? known.get(name);
    const rawAt = below(clause, 'format');
    const raw = rawAt !== undefined && textOf(rawAt) === 'raw';
    for (const [name, { value, at }] of parseEnvFile(source, { lookUp, problems, raw })) {
      known.set(name, value);
      variables.push([name, text({ key: at, at, source, node: place.node }, value)]);
    }
  }
  return variables;
}

function booleanOf(entry: Entry | undefined): boolean | undefined {
  const value = entry?.node.type === 'scalar' ? entry.node.value : undefined;
  if (typeof value === 'boolean') return value;
  return value === 'false' ? false : value === 'true' ? true : undefined;
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Those of `labels` win over those of `label_file`. */
function labelsOf(service: Entry, loading: Loading): Entry | undefined {
  const [own, files] = [below(service, 'labels'), below(service, 'label_file')];
  if (!files) return own;
  const fields = [...variablesOf(files, loading), ...(own ? fieldsOf(pairsOf(own)) : [])];
  return mapping(own ?? files, new Map(fields));
}

/**
 * The services whose profiles are active, or that have none; `*` activates all.
 *
 * @param how.running names of services that are active whatever their profiles
 * @param how.named names of services all of whose profiles are active
 * @returns names of the others
 */
export function withActive(
  section: Entry,
  profiles: () => readonly string[],
  { running = [], named = [] }: Pick<ProjectOptions, 'running' | 'named'> = {},
): { section: Entry; inactive: string[] } {
  let known: ReadonlySet<string> | undefined;
  const isOn = (profile: string) => {
    known ??= new Set([
      ...profiles(),
      ...named.flatMap((name) => profilesIn(below(section, name, 'profiles'))),
    ]);
    return known.has('*') || known.has(profile);
  };
  const inactive: string[] = [];
  const kept = fieldsOf(section).flatMap(([name, service]) => {
    const clause = below(service, 'profiles');
    const own = profilesIn(clause);
    const isActive = own.length === 0 || running.includes(name) || own.some(isOn);
    if (!isActive) inactive.push(name);
    return isActive ? [[name, clause ? without(service, 'profiles') : service] as const] : [];
  });
  return { section: kept.length > 0 ? mapping(section, kept) : scalar(section, null), inactive };
}

const profilesIn = (clause: Entry | undefined): string[] =>
  clause ? (itemsOf(clause) ?? [clause]).flatMap((each) => textOf(each) ?? []) : [];
