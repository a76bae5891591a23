import { boolCoreTag, floatCoreTag, intCoreTag, NOT_RESOLVED, nullCoreTag } from 'js-yaml';
import type { Scalar } from './document.js';

/** How anything begins that is not text; most values do not. */
const SPECIAL = /^(?:[-+.~0-9tTfFnN]|$)/;
const TAGS = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag];

/** What an unquoted text means in the core schema (YAML 1.2.2, section 10.3.2). */
export function resolve(text: string): Scalar['value'] {
  if (!SPECIAL.test(text)) return text;
  for (const tag of TAGS) {
    if (tag.implicitFirstChars && !tag.implicitFirstChars.includes(text.charAt(0))) continue;
    const value = tag.resolve(text, false, tag.tagName);
    if (value !== NOT_RESOLVED) return value;
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
