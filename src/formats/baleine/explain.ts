import type { ErrorObject } from 'ajv';
import type { Hint, Problems } from '../../config/problem.js';
import { suggest } from '../../config/suggest.js';
import { hintFor } from './foreign-words.js';

/** One schema violation as a message. */
export interface SchemaFinding {
  path: string[];
  message: string;
  hint?: Hint | undefined;
  /** Position to report: the entry's name or its value. */
  at: 'key' | 'value';
  /** The type is wrong: ignored if another alternative has the right type. */
  types?: string[];
  /** The violated schema. */
  schema?: Broken;
  /** The key that it does not have. */
  unknown?: string;
}

/** The parts of a schema that help to explain a violation. */
interface Broken {
  errorMessage?: string;
  properties?: Record<string, unknown>;
  enum?: string[];
}

/** Keywords about counts and keys: quoting the value would not help. */
const OF_THE_WHOLE = new Set([
  'minProperties',
  'maxProperties',
  'minItems',
  'maxItems',
  'uniqueItems',
  'not',
]);

/**
 * Turns the validator's errors into findings, one per mistake: of the alternatives in an `anyOf`,
 * only the one with the matching type counts. Relies on ajv listing the errors of all alternatives
 * directly before that of the `anyOf`.
 */
export function explain(errors: readonly ErrorObject[]): SchemaFinding[] {
  const findings: SchemaFinding[] = [];
  for (const error of errors) {
    if (error.keyword === 'if') continue;
    if (error.keyword === 'propertyNames') findings.push(wrongName(error, findings.pop()));
    else if (error.keyword === 'anyOf') {
      // one at a time: a call accepts a limited number of arguments
      for (const each of alternative(error, takeNested(findings, error))) findings.push(each);
    } else findings.push(findingOf(error));
  }
  return findings;
}

/** The same unknown key in several places is one problem, at the first of them. */
export function report(findings: readonly SchemaFinding[], problems: Problems): void {
  const places = new Map<string, number>();
  for (const { unknown } of findings) {
    if (unknown !== undefined) places.set(unknown, (places.get(unknown) ?? 0) + 1);
  }
  for (const { path, message: text, hint, at, unknown } of findings) {
    const count = unknown === undefined ? 1 : (places.get(unknown) ?? 0);
    if (count === 0) continue;
    if (unknown !== undefined) places.set(unknown, 0);
    const message = count > 1 ? `${text}, and in ${inAll(count - 1)}` : text;
    if (at === 'key') problems.atKey(path, message, hint);
    else problems.atValue(path, message, hint);
  }
}

const inAll = (others: number) => (others === 1 ? 'another place' : `${others} other places`);

function takeNested(findings: SchemaFinding[], { instancePath }: ErrorObject): SchemaFinding[] {
  const path = pathOf(instancePath);
  const isBelow = (finding: SchemaFinding) =>
    path.every((segment, i) => finding.path[i] === segment);
  const first = findings.findLastIndex((finding) => !isBelow(finding)) + 1;
  return findings.splice(first);
}

function alternative(error: ErrorObject, below: SchemaFinding[]): SchemaFinding[] {
  const path = pathOf(error.instancePath);
  const { errorMessage } = error.parentSchema as Broken;
  if (errorMessage) return [wrongValue(path, errorMessage, error.data)];
  const isOfOtherType = (each: SchemaFinding) => each.types && each.path.length === path.length;
  const meant = below.filter((each) => !isOfOtherType(each));
  if (meant.length > 0) return meant;
  const types = below.flatMap((each) => each.types ?? []);
  return [{ ...wrongValue(path, `must be ${inWords(types)}`, error.data), types }];
}

function findingOf(error: ErrorObject): SchemaFinding {
  const path = pathOf(error.instancePath);
  const schema = error.parentSchema as Broken;
  const params = error.params as Record<string, unknown>;
  if (error.keyword === 'additionalProperties') {
    const key = String(params.additionalProperty);
    const hint = () => hintFor(key, Object.keys(schema.properties ?? {}));
    const place = path.length > 0 ? ` in ${nameOf(path)}` : '';
    const message = `unknown key ${quote(key)}${place}`;
    return { path: [...path, key], message, hint, at: 'key', unknown: key };
  }
  if (error.keyword === 'required') {
    const missing = quote(params.missingProperty);
    return { path, message: `${nameOf(path) || 'the file'} needs a key ${missing}`, at: 'key' };
  }
  const data = OF_THE_WHOLE.has(error.keyword) ? undefined : error.data;
  const finding = { ...wrongValue(path, schema.errorMessage ?? demandOf(error), data), schema };
  if (error.keyword === 'type') return { ...finding, types: [params.type].flat().map(String) };
  if (error.keyword !== 'enum') return finding;
  return { ...finding, hint: () => suggest(String(error.data), schema.enum ?? []) };
}

function wrongValue(path: string[], demand: string, data: unknown): SchemaFinding {
  const shown = shownValue(data);
  const message = `${nameOf(path) || 'the file'} ${demand}${shown ? `, not ${shown}` : ''}`;
  return { path, message, at: 'value' };
}

/** The schema for property names has just reported a name as if it were a value. */
function wrongName(error: ErrorObject, finding: SchemaFinding | undefined): SchemaFinding {
  const path = pathOf(error.instancePath);
  const name: string = error.params.propertyName;
  const known = finding?.schema?.enum ?? [];
  const demand = finding?.schema?.errorMessage ?? `must be one of ${known.join(', ')}`;
  const message = `the key ${quote(name)} in ${nameOf(path)} ${demand}`;
  return { path: [...path, name], message, hint: () => suggest(name, known), at: 'key' };
}

/** For keywords of schemas without their own message. */
function demandOf({ keyword, params, message }: ErrorObject): string {
  if (keyword === 'type') return `must be ${inWords([params.type].flat())}`;
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`;
  if (keyword === 'minLength') return 'must not be empty';
  if (keyword === 'uniqueItems') return 'must not name the same twice';
  if (keyword === 'minimum') return `must be at least ${params.limit}`;
  if (keyword === 'maximum') return `must be at most ${params.limit}`;
  return message ?? `breaks the rule ${keyword}`;
}

const WORDS: Record<string, string> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function inWords(types: string[]): string {
  const words = [...new Set(types)].flatMap((type) => WORDS[type] ?? []);
  return words.join(' or ');
}

function shownValue(data: unknown): string {
  if (data === undefined) return '';
  if (Array.isArray(data)) return data.length > 0 ? 'a list' : 'an empty list';
  if (typeof data === 'object' && data !== null) return 'a mapping';
  if (data === null) return 'nothing';
  return shortened(JSON.stringify(data), 60);
}

/** `/containers/web/command/2` as `containers.web.command[2]`. */
function nameOf(path: readonly string[]): string {
  return path
    .map((each, i) => (/^\d+$/.test(each) ? `[${each}]` : `${i ? '.' : ''}${each}`))
    .join('');
}

/** A JSON pointer (RFC 6901). */
function pathOf(pointer: string): string[] {
  const segments = pointer.split('/').slice(1);
  return segments.map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function quote(value: unknown): string {
  return shortened(JSON.stringify(String(value)), 100);
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
