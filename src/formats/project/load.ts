import { basename } from 'node:path';
import type { Document, Entry, SourceText } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';
import { UserError } from '../../model/errors.js';
import { below, mappingOf, textOf } from '../entries.js';
import { parseYaml } from '../yaml/yaml.js';
import { resolveExtends } from './extends.js';
import { applyIncludes } from './include.js';
import { expandVariables, type Format, type Loading, readFile } from './loading.js';
import { merge, withoutResets } from './merge.js';

/** All files of a stack as one. */
export interface Project {
  format: Format;
  root: Entry;
  /** Texts of all files with their variables expanded. */
  written: string[];
}

/** Reads, expands and merges the files of a stack. Problems are collected, or thrown where nothing can follow. */
export function loadProject(
  source: SourceText,
  overrides: readonly string[],
  loading: Loading,
  format?: Format,
): Project {
  const first = loadFile(source, loading, format);
  let { root } = first;
  const written = [first.written];
  for (const file of overrides) {
    const found = readFile(file, loading, { directory: source.directory });
    if (!found) continue;
    const each = loadFile(found, loading, first.format);
    if (each.format !== first.format) throw differentFormats(source, first.format, found);
    refuseOtherName(root, each.root, loading.problems);
    root = merge(root, each.root, loading.problems);
    written.push(each.written);
  }
  loading.problems.throwIfAny();
  return { format: first.format, root: withoutResets(root), written };
}

interface LoadedFile {
  format: Format;
  root: Entry;
  written: string;
}

function loadFile(source: SourceText, loading: Loading, expected?: Format): LoadedFile {
  const { problems } = loading;
  const document = parseYaml(source);
  const format = formatOf(document, problems) ?? expected ?? formatByName(source.file);
  const written = expandVariables(document, format, loading);
  problems.throwIfAny();
  const extended = resolveExtends(document.root, format, loading);
  return { format, root: applyIncludes(extended, format, loading, loadProject), written };
}

/** Keys that only one of the formats has. */
const KEYS: Readonly<Record<Format, readonly string[]>> = {
  compose: ['services', 'networks', 'version'],
  baleine: ['containers', 'bridges', 'images', 'farms', 'jobs'],
};

/** By the keys of a file; undefined if it has none that tells. */
function formatOf({ root }: Document, problems: Problems): Format | undefined {
  const keys = mappingOf(root);
  const [compose, baleine] = (['compose', 'baleine'] as const).map((format) =>
    KEYS[format].find((key) => keys?.has(key)),
  );
  if (compose && baleine) {
    const place = keys?.get(compose) as Entry;
    problems.atOffset(
      place.key,
      `${JSON.stringify(compose)} is a key of a compose file, and ${JSON.stringify(baleine)} one of baleine.yaml`,
      'a file has one format; `baleine convert` translates a compose file',
      place.source,
    );
    problems.throwIfAny();
  }
  if (compose) return 'compose';
  return baleine ? 'baleine' : undefined;
}

const formatByName = (file: string): Format =>
  /compose/.test(basename(file)) ? 'compose' : 'baleine';

function differentFormats(first: SourceText, format: Format, other: SourceText): UserError {
  const nameOf = (each: Format) => (each === 'compose' ? 'a compose file' : 'a baleine.yaml');
  const otherFormat = format === 'compose' ? 'baleine' : 'compose';
  return new UserError(
    `cannot merge ${other.file} into ${first.file}: it is ${nameOf(otherFormat)}, and the first is ${nameOf(format)}`,
    'Files of one stack have one format; `baleine convert` translates a compose file.',
  );
}

/** Two stacks by mistake, not two files of one. */
function refuseOtherName(root: Entry, other: Entry, problems: Problems): void {
  const [first, second] = [below(root, 'name'), below(other, 'name')];
  if (!first || !second || textOf(first) === textOf(second)) return;
  problems.of(
    second,
    `this file is of stack ${textOf(second)}, and an earlier one of ${textOf(first)}`,
    'give files of one stack, or no name in the later ones',
  );
}
