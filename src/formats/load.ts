import { resolve } from 'node:path';
import { check } from '../config/check/index.js';
import { checkSize } from '../config/check/size.js';
import type { Sections } from '../config/check/validation-context.js';
import { validationContextOf } from '../config/check/validation-context.js';
import { dataOf, type Entry, entryAt, type Path, type SourceText } from '../config/document.js';
import { Problems } from '../config/problem.js';
import type { ParseContext } from '../config/values.js';
import type { Config } from '../model/config.js';
import { digest } from '../model/json.js';
import { explain, report, type SchemaFinding } from './baleine/explain.js';
import { normalize } from './baleine/normalize.js';
import { prepare } from './baleine/prepare.js';
import { stripInvalid } from './baleine/strip-invalid.js';
import validate from './baleine/validate.gen.mjs';
import { translate } from './compose/translate.js';
import { positionsIn, sourcesOf } from './positions.js';
import { Inputs } from './project/inputs.js';
import { loadProject, type Project } from './project/load.js';
import { envFilesOf, environmentOf, type Format, type Loading } from './project/loading.js';
import { withScale } from './project/scale.js';
import { Warnings } from './project/warnings.js';
import type { Source } from './yaml/read-file.js';

/** A file as it was understood, with what that depends on. */
export interface ParsedFile {
  config: Config;
  format: Format;
  inputs: Inputs;
  /** Its values with their offsets, for `encodePositions`, and the texts that these are in. */
  root: Entry;
  sources: readonly SourceText[];
}

/**
 * Parses baleine.yaml or a compose file into a Config.
 *
 * @throws ConfigError with all errors, each with its position
 */
export function loadConfig(source: Source): Config {
  return parseFile(source).config;
}

/** The same, with what it takes to cache the result. */
export function parseFile(source: Source): ParsedFile {
  const { root: merged, written, loading, format, warnings } = readProject(source);
  const root = withScale(merged, format, source.project?.scale);
  const { problems, inputs } = loading;
  problems.throwIfAny();
  const how = { ...source.project, directory: directoryOf(source) };
  const prepared =
    format === 'compose' ? translate(root, how, loading, warnings) : prepare(root, how, loading);
  problems.throwIfAny();
  problems.root = prepared.root;
  const envFiles = envFilesOf(source, inputs).files.map((file) => resolve(file));
  const sections = parseSections(prepared.root, problems, {
    directory: prepared.directory,
    envFiles,
  });
  problems.throwIfAny();
  const where = positionsIn(source.file, () => prepared.root);
  const notes = warnings.texts();
  const config: Config = {
    ...sections,
    file: source.file,
    digest: digestOf(written, inputs),
    where,
    ...(prepared.inactive.length > 0 && { inactive: prepared.inactive }),
    ...(notes.length > 0 && { warnings: notes }),
  };
  return { config, format, inputs, root: prepared.root, sources: sourcesOf(prepared.root) };
}

const directoryOf = ({ directory, project }: Source) => project?.directory ?? directory;

/** The merged files of a stack, before either format is read. */
export function readProject(
  source: Source,
  { keepsVariables = false } = {},
): Project & { loading: Loading; warnings: Warnings } {
  const text: SourceText = { ...source, directory: directoryOf(source) };
  const problems = new Problems(text);
  const inputs = new Inputs(source.env);
  const warnings = new Warnings();
  const loading: Loading = {
    inputs,
    problems,
    lookUp: environmentOf(source, inputs, problems),
    warn: (name, place) => warnings.unset(name, place),
    including: [],
    keepsVariables,
  };
  problems.throwIfAny();
  const overrides = source.project?.overrides ?? [];
  return { ...loadProject(text, overrides, loading), loading, warnings };
}

/** Of everything that was written in the files: that of env files is not part of their text. */
function digestOf(written: readonly string[], { files }: Inputs): string {
  const others = [...files.values()].filter((text) => text !== null);
  return digest(written.length + others.length === 1 ? written[0] : [...written, ...others]);
}

function parseSections(
  root: Entry,
  problems: Problems,
  { directory, envFiles }: Pick<ParseContext, 'directory' | 'envFiles'>,
): Sections {
  const value = dataOf(root.node);
  const findings: SchemaFinding[] = validate(value) ? [] : explain(validate.errors ?? []);
  report(findings, problems);
  const sections = normalize(stripInvalid(value, findings), {
    problems,
    directory,
    envFiles,
    directoryOf: (path) => entryAt({ root }, path).entry.source.directory,
    written: (path) => sourceTextAt(root, path),
  });
  checkSize(sections, problems);
  check(validationContextOf(sections, { root }, problems));
  return sections;
}

function sourceTextAt(root: Entry, path: Path): string {
  const { node } = entryAt({ root }, path).entry;
  return node.type === 'scalar' ? node.text : '';
}
