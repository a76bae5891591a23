import { Schema } from 'yaml';
import type { Scalar } from './document.js';

const { tags } = new Schema({ schema: 'core' });

/** What an unquoted text means in the core schema (YAML 1.2.2, section 10.3.2). */
export function resolve(text: string): Scalar['value'] {
  for (const tag of tags) {
    if (!('test' in tag) || !tag.test?.test(text)) continue;
    return tag.resolve(text, () => undefined, {}) as Scalar['value'];
  }
  return text;
}

/** Why a scalar cannot be used, whatever stands for: undefined when it can. */
export function complaintOf({ text, value }: Pick<Scalar, 'text' | 'value'>): string | undefined {
  if (text.includes('\0')) return 'text must not hold a NUL character';
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) return `a number must be finite, not ${text}`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return `${text} is too large a number to be exact: put it in quotes if it is text`;
  }
  return undefined;
}
