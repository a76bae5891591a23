import { Schema } from 'yaml';
import type { Scalar } from '../../config/document.js';

const { tags } = new Schema({ schema: 'core' });

/** What an unquoted text means in the core schema (YAML 1.2.2, section 10.3.2). */
export function resolve(text: string): Scalar['value'] {
  for (const tag of tags) {
    if (!('test' in tag) || !tag.test?.test(text)) continue;
    return exactly(text, tag.resolve(text, () => undefined, {}) as Scalar['value']);
  }
  return text;
}

/**
 * What a plain scalar counts as: a number that cannot be held exactly (above 2^53, infinite, not a
 * number) is the text that was typed. It reaches a container's environment so; where a number is
 * asked for, the text is refused.
 */
export function exactly(text: string, value: Scalar['value']): Scalar['value'] {
  if (typeof value !== 'number') return value;
  const isExact = Number.isFinite(value) && (Number.isSafeInteger(value) || value % 1 !== 0);
  return isExact ? value : text;
}

/** Why a scalar cannot be used, whatever stands for: undefined when it can. */
export function complaintOf({ text }: Pick<Scalar, 'text'>): string | undefined {
  return text.includes('\0') ? 'text must not hold a NUL character' : undefined;
}
