import { hash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** JSON with sorted object keys, so that equal values have equal texts. Omits `undefined`. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** All keys required; optional ones may be undefined. */
export type Exact<T> = {
  [Key in keyof T]: T extends Required<Pick<T, Key>> ? T[Key] : T[Key] | undefined;
};

/**
 * An object literal with every key present, optional ones possibly undefined. A plan builds
 * thousands of objects, and this takes a fraction of the time of a spread per optional key. `equal`
 * and `canonical` treat undefined as absent.
 */
export function exact<T extends object>(value: Exact<T>): T {
  return value as T;
}

/** Whether two values have the same canonical text. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  // Hot path: most of an unchanged plan is spent here, so no key arrays are allocated.
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
 * Short texts, such as names and paths, are hashed by a package: loading Node's own crypto hash
 * takes a tenth of a no-op run.
 */
function sha256Of(text: string): string {
  if (text.length > SHORT) return hash('sha256', text, 'hex');
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** In characters. */
const SHORT = 128;

/** The SHA-256 of a content that need not be text. */
export function digestOfBytes(content: Uint8Array): string {
  return content.length > SHORT ? hash('sha256', content, 'hex') : bytesToHex(sha256(content));
}
