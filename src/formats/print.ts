import { relative, resolve } from 'node:path';
import { Document, Pair, YAMLMap, YAMLSeq, Scalar as YamlScalar } from 'yaml';
import type { Entry, Scalar } from '../config/document.js';
import type { Json } from '../model/json.js';
import { inPlaceOf } from './entries.js';
import type { Format } from './project/loading.js';

/** How a merged file is printed. */
export interface PrintOptions {
  format: Format;
  /** The folder that the text is for: relative paths of files elsewhere are rewritten for it. */
  directory: string;
  /** Whether a dollar sign is written as `$$`, so that reading the text again gives the same values. */
  escape: boolean;
}

/** The file as YAML, which both YAML 1.1 and 1.2 read as the same values. */
export function toYaml(root: Entry, options: PrintOptions): string {
  const document = new Document(null, { version: '1.2', schema: 'core', compat: 'yaml-1.1' });
  document.contents = nodeOf(rebased(root, [], options), options.escape);
  return document.toString({ lineWidth: 100 });
}

/** The file as plain data. */
export function toData(root: Entry, options: PrintOptions): Json {
  return dataIn(rebased(root, [], options), options.escape);
}

function nodeOf({ node }: Entry, escapes: boolean): YAMLMap | YAMLSeq | YamlScalar {
  if (node.type === 'scalar') return scalarOf(node, escapes);
  if (node.type === 'sequence') {
    const made = new YAMLSeq();
    made.items = node.items.map((each) => nodeOf(each, escapes));
    return made;
  }
  const made = new YAMLMap();
  made.items = [...node.entries].map(
    ([key, each]) => new Pair(new YamlScalar(key), nodeOf(each, escapes)),
  );
  return made;
}

/** Numbers as they are written: `1.10` may be a version, and `0444` a mode. */
function scalarOf({ value, text }: Scalar, escapes: boolean): YamlScalar {
  if (typeof value === 'string') return new YamlScalar(escaped(value, escapes));
  if (typeof value !== 'number' || String(value) === text) {
    const made = new YamlScalar(value);
    if (typeof value === 'boolean') made.source = text;
    return made;
  }
  const decimals = /^[-+]?(?:0|[1-9]\d*)\.(\d+)$/.exec(text)?.[1];
  if (decimals === undefined) return new YamlScalar(text);
  const made = new YamlScalar(value);
  made.minFractionDigits = decimals.length;
  return made;
}

function dataIn({ node }: Entry, escapes: boolean): Json {
  if (node.type === 'sequence') return node.items.map((each) => dataIn(each, escapes));
  if (node.type === 'scalar') {
    return typeof node.value === 'string' ? escaped(node.value, escapes) : node.value;
  }
  return Object.fromEntries([...node.entries].map(([key, each]) => [key, dataIn(each, escapes)]));
}

const escaped = (value: string, escapes: boolean) =>
  escapes ? value.replaceAll('$', '$$$$') : value;

/** Where each format has paths of the host; `*` is any key or item. */
const PATHS: Readonly<Record<Format, readonly string[]>> = {
  baleine: [
    ...['tar', 'directory', 'docker', 'docker.path', 'oci', 'oci.path', 'dockerfile.context'].map(
      (each) => `images.*.from.${each}`,
    ),
    'images.*.copy.*.from',
    ...['containers.*', 'jobs.*', 'farms.*.servers', 'farms.*.proxy'].flatMap((each) => [
      `${each}.env_file`,
      `${each}.env_file.*`,
      `${each}.env_file.*.path`,
      `${each}.label_file`,
      `${each}.label_file.*`,
      `${each}.seccomp`,
    ]),
    'farms.*.proxy.tls.certificate',
    'farms.*.proxy.tls.key',
    'secrets.*.file',
    'secrets.*.age',
    'secrets.*.identity',
    'configs.*.file',
  ],
  compose: [
    ...['build', 'build.context', 'env_file', 'env_file.*', 'env_file.*.path'].map(
      (each) => `services.*.${each}`,
    ),
    'services.*.label_file',
    'services.*.label_file.*',
    'services.*.develop.watch.*.path',
    'secrets.*.file',
    'configs.*.file',
  ],
};

/** Where the first character tells a path from a name. */
const MOUNTS: Readonly<Record<Format, readonly string[]>> = {
  baleine: ['containers.*', 'jobs.*', 'farms.*.servers', 'farms.*.proxy'].map(
    (each) => `${each}.volumes.*`,
  ),
  compose: ['services.*.volumes.*'],
};

/** An entry whose relative paths are of another folder than the one that they are in. */
function rebased(entry: Entry, path: readonly string[], options: PrintOptions): Entry {
  const { node } = entry;
  if (node.type === 'mapping') {
    const entries = [...node.entries].map(
      ([key, each]) => [key, rebased(each, [...path, key], options)] as const,
    );
    return inPlaceOf(entry, { type: 'mapping', entries: new Map(entries) });
  }
  if (node.type === 'sequence') {
    const items = node.items.map((each, index) => rebased(each, [...path, String(index)], options));
    return inPlaceOf(entry, { type: 'sequence', items });
  }
  const { directory } = entry.source;
  if (typeof node.value !== 'string' || resolve(directory) === resolve(options.directory)) {
    return entry;
  }
  const value = textFor(node.value, path, directory, options);
  return value === node.value
    ? entry
    : inPlaceOf(entry, { ...node, plain: false, text: value, value });
}

function textFor(
  text: string,
  path: readonly string[],
  from: string,
  { format, directory }: PrintOptions,
): string {
  const move = (each: string) => {
    const moved = relative(directory, resolve(from, each));
    return moved.startsWith('.') ? moved : `./${moved}`;
  };
  if (MOUNTS[format].some((each) => isAt(path, each) || isAt(path, `${each}.source`))) {
    const [source = '', ...rest] = text.split(':');
    return source.startsWith('.') ? [move(source), ...rest].join(':') : text;
  }
  const isPath =
    !/^[/~]|:\/\/|^git@|^unconfined$/.test(text) && PATHS[format].some((each) => isAt(path, each));
  return isPath ? move(text) : text;
}

function isAt(path: readonly string[], pattern: string): boolean {
  const parts = pattern.split('.');
  return parts.length === path.length && parts.every((each, i) => each === '*' || each === path[i]);
}
