import type { Entry } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';
import {
  changed,
  fieldsOf,
  inPlaceOf,
  isNull,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  sequence,
  textOf,
} from '../entries.js';

/**
 * The rules of the Compose specification for a value that two files give (13-merge.md): mappings
 * are merged key by key, lists are appended, all else is replaced. What differs is in RULES.
 */
type Rule = (base: Entry, over: Entry, merge: Merge) => Entry;
type Merge = (base: Entry, over: Entry, path: readonly string[]) => Entry;

const replace: Rule = (_base, over) => over;

/** A mapping, or a list of NAME=VALUE. */
const pairs: Rule = (base, over) => {
  const fields = [...fieldsOf(pairsOf(base)), ...fieldsOf(pairsOf(over))];
  return mapping(over, new Map(fields));
};

/** A mapping, or a list of names. */
const names: Rule = (base, over, merge) => merge(namesOf(base), namesOf(over), ['*']);

/** `NAME:ADDRESS` or `NAME=ADDRESS`, or a mapping: a host may have several addresses in a list only. */
const hosts: Rule = (base, over, merge) => {
  if (itemsOf(base) && itemsOf(over)) return list(base, over, merge);
  return mapping(over, new Map([...fieldsOf(hostsOf(base)), ...fieldsOf(hostsOf(over))]));
};

/** A mapping, or its most important key. */
const build: Rule = (base, over, merge) => merge(buildOf(base), buildOf(over), ['*']);

/** One value, or a list of them; what is there already is not appended. */
const list: Rule = (base, over) => {
  const seen = new Set<string>();
  const items = [...listOf(base), ...listOf(over)].filter((each) => {
    const key = JSON.stringify(keyOf(each));
    return !seen.has(key) && seen.add(key);
  });
  return sequence(over, items);
};

/** A list whose items are known by a part of them: the later one replaces the earlier one. */
const unique =
  (idOf: (item: Entry) => string): Rule =>
  (base, over, merge) => {
    const items = new Map<string, Entry>();
    for (const each of [...listOf(base), ...listOf(over)]) {
      const id = idOf(each);
      const before = items.get(id);
      const isMerged = before && mappingOf(before) && mappingOf(each);
      items.set(id, isMerged ? merge(before, each, ['*']) : each);
    }
    return sequence(over, [...items.values()]);
  };

/** Options belong to a driver: those of another one say nothing. */
const logging: Rule = (base, over, merge) => {
  const driverOf = (entry: Entry) => fieldsOf(entry).find(([name]) => name === 'driver')?.[1];
  const [before, after] = [driverOf(base), driverOf(over)].map((each) => each && textOf(each));
  if (before !== undefined && after !== undefined && before !== after) return over;
  return merge(base, over, ['*']);
};

/** By the path below a service. */
const RULES: Readonly<Record<string, Rule>> = {
  annotations: pairs,
  build,
  'build.additional_contexts': pairs,
  'build.args': pairs,
  'build.extra_hosts': hosts,
  'build.labels': pairs,
  bridges: names,
  cap_add: list,
  cap_drop: list,
  command: replace,
  configs: unique(targetOf),
  depends_on: names,
  'deploy.labels': pairs,
  devices: unique(deviceTargetOf),
  dns: list,
  dns_opt: list,
  dns_search: list,
  entrypoint: replace,
  env_file: list,
  environment: pairs,
  expose: list,
  extra_hosts: hosts,
  group_add: list,
  'healthcheck.exec': replace,
  'healthcheck.test': replace,
  label_file: list,
  labels: pairs,
  logging,
  networks: names,
  ports: unique(portOf),
  publish: unique(portOf),
  secrets: unique(targetOf),
  security_opt: list,
  sysctls: pairs,
  tmpfs: list,
  volumes: unique(mountTargetOf),
};

/** Sections whose entries are services, with the keys that lead to one. */
const SERVICES: Readonly<Record<string, number>> = {
  services: 2,
  containers: 2,
  jobs: 2,
  farms: 3,
};

/**
 * Merges a later file into an earlier one.
 *
 * @param path of the two entries in the file
 */
export function merge(
  base: Entry,
  over: Entry,
  problems: Problems,
  path: readonly string[] = [],
): Entry {
  if (over.tag || isNull(base)) return over;
  const rule = ruleOf(path);
  // no command is that of the image
  if (isNull(over)) return rule === replace ? over : base;
  const next: Merge = (before, after, more) => merge(before, after, problems, [...path, ...more]);
  if (rule) return rule(base, over, (before, after) => mergeByType(before, after, next, problems));
  return mergeByType(base, over, next, problems);
}

function mergeByType(base: Entry, over: Entry, next: Merge, problems: Problems): Entry {
  if (base.node.type === 'sequence' && over.node.type === 'sequence') {
    return sequence(over, [...base.node.items, ...over.node.items]);
  }
  if (base.node.type === 'mapping' && over.node.type === 'mapping') {
    const entries = new Map(base.node.entries);
    for (const [name, entry] of over.node.entries) {
      const before = entries.get(name);
      entries.set(name, before ? next(before, entry, [name]) : entry);
    }
    // errors of the whole lead to where it was first mentioned
    return inPlaceOf(base, { type: 'mapping', entries });
  }
  if (base.node.type !== over.node.type && isCollection(base) && isCollection(over)) {
    const shape = base.node.type === 'mapping' ? 'a mapping' : 'a list';
    problems.of(
      over,
      `cannot be merged: an earlier file has ${shape} here`,
      '!override replaces it',
    );
  }
  return over;
}

const isCollection = ({ node }: Entry) => node.type !== 'scalar';

function ruleOf([section = '', ...rest]: readonly string[]): Rule | undefined {
  const depth = SERVICES[section];
  if (depth === undefined) return undefined;
  const key = rest.slice(depth - 1).join('.');
  return Object.hasOwn(RULES, key) ? RULES[key] : undefined;
}

/** Merges two services, as `extends` does. */
export function mergeServices(base: Entry, over: Entry, problems: Problems): Entry {
  return merge(base, over, problems, ['services', '*']);
}

/**
 * A service without entries that its own lists repeat: as in Compose, the later one counts.
 *
 * @param report called for each that says something else than the later one
 */
export function withoutTwins(service: Entry, report: (twin: Entry, text: string) => void): Entry {
  const fields = fieldsOf(service).flatMap(([key, value]) => {
    const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
    const items = itemsOf(value);
    if (!rule || rule === names || rule === replace || !items?.every(isText)) return [];
    const made = rule(sequence(value, []), value, (_before, after) => after);
    const kept = itemsOf(made)?.map(textOf);
    if ((kept?.length ?? fieldsOf(made).length) === items.length) return [];
    const nameOf = (each: Entry) => (textOf(each) ?? '').split('=')[0] ?? '';
    for (const each of new Map(items.map((item) => [textOf(item), item])).values()) {
      const last = items.findLast((other) => nameOf(other) === nameOf(each));
      const counts = kept ? kept.includes(textOf(each)) : last === each;
      if (!counts) report(each, `${key} has ${nameOf(each)} twice: the later one counts`);
    }
    return [[key, made] as const];
  });
  return fields.length === 0 ? service : changed(service, Object.fromEntries(fields));
}

const isText = ({ node }: Entry) => node.type === 'scalar';

/** Takes away what is marked `!reset`, which has done its work. */
export function withoutResets(entry: Entry): Entry {
  const { node } = entry;
  if (node.type === 'scalar') return entry;
  if (node.type === 'sequence') {
    const items = node.items.filter(({ tag }) => tag !== 'reset').map(withoutResets);
    return { ...entry, node: { type: 'sequence', items } };
  }
  const kept = [...node.entries].filter(([, { tag }]) => tag !== 'reset');
  const entries = new Map(kept.map(([name, each]) => [name, withoutResets(each)]));
  return { ...entry, node: { type: 'mapping', entries } };
}

/** A list of NAME=VALUE as a mapping; a name alone has no value. */
export const pairsOf = (entry: Entry): Entry => split(entry, /=/);

const hostsOf = (entry: Entry): Entry => split(entry, /[=:]/);

const buildOf = (entry: Entry): Entry =>
  entry.node.type === 'scalar' ? mapping(entry, [['context', entry]]) : entry;

/** A list of texts as a mapping, divided at the first sign. */
function split(entry: Entry, sign: RegExp): Entry {
  const items = itemsOf(entry);
  if (!items) return entry;
  return mapping(
    entry,
    items.map((item) => {
      const text = textOf(item) ?? '';
      const at = text.search(sign);
      if (at < 0) return [text, scalar(item, null)] as const;
      const value = text.slice(at + 1);
      const start = item.at;
      return [
        text.slice(0, at),
        inPlaceOf(item, { type: 'scalar', plain: false, text: value, value, start, end: start }),
      ] as const;
    }),
  );
}

function namesOf(entry: Entry): Entry {
  const items = itemsOf(entry);
  if (!items) return entry;
  const fields = items.map((item) => [textOf(item) ?? '', scalar(item, null)] as const);
  return mapping(entry, fields);
}

const listOf = (entry: Entry): Entry[] => itemsOf(entry) ?? (isNull(entry) ? [] : [entry]);

/** What makes two items of a list the same. */
function keyOf(entry: Entry): unknown {
  const { node } = entry;
  if (node.type === 'scalar') return node.text;
  if (node.type === 'sequence') return node.items.map(keyOf);
  return fieldsOf(entry).map(([name, each]) => [name, keyOf(each)]);
}

const field = (entry: Entry, name: string): string | undefined => {
  const found = mappingOf(entry)?.get(name);
  return found && textOf(found);
};

function deviceTargetOf(item: Entry): string {
  const [source = '', target = source] = (textOf(item) ?? '').split(':');
  return field(item, 'target') ?? field(item, 'source') ?? target;
}

/** The path in the container: the second part of `SOURCE:TARGET:OPTIONS`. */
function mountTargetOf(item: Entry): string {
  const [first = '', second] = (textOf(item) ?? '').split(':');
  const target = field(item, 'target') ?? (second?.startsWith('/') ? second : first);
  return target.replace(/(?<=.)\/+$/, '');
}

function targetOf(item: Entry): string {
  return field(item, 'target') ?? field(item, 'source') ?? textOf(item) ?? '';
}

function portOf(item: Entry): string {
  const text = textOf(item);
  if (text !== undefined) return text.includes('/') ? text : `${text}/tcp`;
  const [ip, published, target] = ['host_ip', 'published', 'target'].map((name) =>
    field(item, name),
  );
  return [...[ip, published, target].filter(Boolean)]
    .join(':')
    .concat(`/${field(item, 'protocol') ?? 'tcp'}`);
}

/** Without some keys. */
export const without = (entry: Entry, ...keys: string[]): Entry =>
  changed(entry, Object.fromEntries(keys.map((each) => [each, undefined])));
