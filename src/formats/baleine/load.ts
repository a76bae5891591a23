import { check } from '../../config/check/index.js';
import { checkSize } from '../../config/check/size.js';
import type { Sections } from '../../config/check/validation-context.js';
import { validationContextOf } from '../../config/check/validation-context.js';
import { type Document, dataOf, type Entry, entryAt, type Path } from '../../config/document.js';
import { Problems } from '../../config/problem.js';
import type { Config } from '../../model/config.js';
import { digest } from '../../model/json.js';
import { positionsIn } from '../positions.js';
import { interpolate } from '../yaml/interpolate.js';
import type { Source } from '../yaml/read-file.js';
import { parseYaml } from '../yaml/yaml.js';
import { explain, report, type SchemaFinding } from './explain.js';
import { normalize } from './normalize.js';
import { stripInvalid } from './strip-invalid.js';
import validate from './validate.gen.mjs';

/** A file as it was understood, with what that depends on. */
export interface ParsedFile {
  config: Config;
  /** Names of all variables that it uses. */
  variables: ReadonlySet<string>;
  /** Its values with their offsets, for `encodePositions`. */
  root: Entry;
}

/**
 * Parses baleine.yaml into a Config.
 *
 * @throws ConfigError with all errors, each with its position
 */
export function loadConfig(source: Source): Config {
  return parseFile(source).config;
}

/** The same, with what it takes to cache the result. */
export function parseFile({ file, text, env, directory }: Source): ParsedFile {
  const document = parseYaml(file, text);
  const problems = new Problems(document);
  const variables = new Set<string>();
  const lookUp = (name: string) => {
    variables.add(name);
    return Object.hasOwn(env, name) ? env[name] : undefined;
  };
  const written = interpolate(document, lookUp, problems);
  problems.throwIfAny();
  const sections = parseSections(document, directory, problems);
  problems.throwIfAny();
  const { root } = document;
  const where = positionsIn(file, text, () => root);
  return { config: { ...sections, file, digest: digest(written), where }, variables, root };
}

function parseSections(document: Document, directory: string, problems: Problems): Sections {
  const value = dataOf(document.root.node);
  const findings: SchemaFinding[] = validate(value) ? [] : explain(validate.errors ?? []);
  report(findings, problems);
  const sections = normalize(stripInvalid(value, findings), {
    problems,
    directory,
    written: (path) => sourceTextAt(document, path),
  });
  checkSize(sections, problems);
  check(validationContextOf(sections, document, problems));
  return sections;
}

function sourceTextAt(document: Document, path: Path): string {
  const { node } = entryAt(document, path).entry;
  return node.type === 'scalar' ? node.text : '';
}
