import { Schema } from 'yaml';
import type { Scalar } from '../../config/document.js';

const { tags } = new Schema({ schema: 'core' });

/** The value of an unquoted text in the core schema (YAML 1.2.2, section 10.3.2). */
export function resolve(text: string): Scalar['value'] {
  for (const tag of tags) {
    if (!('test' in tag) || !tag.test?.test(text)) continue;
    return exactly(text, tag.resolve(text, () => undefined, {}) as Scalar['value']);
  }
  return text;
}

/**
 * The value of a plain scalar: a number that cannot be represented exactly (above 2^53, infinite,
 * NaN) stays its source text. A container's environment receives the text; where a number is
 * required, the text is rejected.
 */
export function exactly(text: string, value: Scalar['value']): Scalar['value'] {
  if (typeof value !== 'number') return value;
  const isExact = Number.isFinite(value) && (Number.isSafeInteger(value) || value % 1 !== 0);
  return isExact ? value : text;
}

/** Why a scalar cannot be used in any place; undefined if it can. */
export function complaintOf({ text }: Pick<Scalar, 'text'>): string | undefined {
  return text.includes('\0') ? 'text must not hold a NUL character' : undefined;
}
