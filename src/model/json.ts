import { createHash } from 'node:crypto';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** JSON with object keys in order, so that equal values have equal texts. `undefined` is left out. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

export function equal(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** The first `length` hex digits of a value's SHA-256. */
export function digest(value: unknown, length = 64): string {
  const text = typeof value === 'string' ? value : canonical(value);
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
