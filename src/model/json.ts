import { hash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** JSON with object keys in order, so that equal values have equal texts. `undefined` is left out. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** With undefined for what may be left out. */
type Exact<T> = {
  [Key in keyof T]: T extends Required<Pick<T, Key>> ? T[Key] : T[Key] | undefined;
};

/**
 * An object with all its keys in one literal, in place of a spread for each that may be absent: a
 * plan makes thousands, and this way in a fraction of the time. Undefined is absent to `equal` and
 * `canonical`.
 */
export function exact<T extends object>(given: Exact<T>): T {
  return given as T;
}

/** Whether two values have the same canonical text. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  // Most of a plan of what is as it should be is this, so no lists of names are made.
  let more = 0;
  for (const name in a) {
    if (a[name] === undefined) continue;
    if (!equal(a[name], b[name])) return false;
    more += 1;
  }
  for (const name in b) if (b[name] !== undefined) more -= 1;
  return more === 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The first `length` hex digits of a value's SHA-256. */
export function digest(value: unknown, length = 64): string {
  const text = typeof value === 'string' ? value : canonical(value);
  return sha256Of(text).slice(0, length);
}

/**
 * Of a name or a path by a package, though Node's own is faster: to load that takes a no-op run a tenth
 * of its time.
 */
function sha256Of(text: string): string {
  if (text.length > SHORT) return hash('sha256', text, 'hex');
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** Characters. */
const SHORT = 128;
