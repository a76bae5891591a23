import type { Document, Scalar } from './document.js';
import type { Problems } from './problem.js';
import { complaintOf, resolve } from './scalar.js';

/** The value of a variable, or undefined when it is not set. */
type LookUp = (name: string) => string | undefined;

const REFERENCE = /\$\$|\$\{([^}]*)\}|\$\{/g;
const BODY = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])(.*))?$/s;

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME-default}`, `${NAME:?error}` and
 * `${NAME?error}`, and `$$` in all values, as the Compose specification has them; with the colon an
 * empty variable counts as missing. `$NAME` is left alone: it is the shell's. An unquoted value that
 * is nothing but one variable is read again, so that `replicas: ${N}` is a number.
 *
 * @returns the text of the file as it would be with every variable written out
 */
export function interpolate(document: Document, lookUp: LookUp, problems: Problems): string {
  const { text } = document;
  if (!text.includes('$')) return text;
  let result = '';
  let done = 0;
  for (const scalar of document.scalars) {
    if (!scalar.text.includes('$')) continue;
    replaceIn(scalar, document, lookUp, problems);
    result += text.slice(done, scalar.start) + scalar.text;
    done = scalar.end;
  }
  return result + text.slice(done);
}

function replaceIn(scalar: Scalar, { text }: Document, lookUp: LookUp, problems: Problems): void {
  const { start, end, text: before } = scalar;
  let from = start;
  scalar.text = before.replace(REFERENCE, (reference, body?: string) => {
    const found = text.indexOf(reference, from);
    const at = found >= 0 && found < end ? found : start;
    from = at + 1;
    if (reference === '$$') return '$';
    const complain = (message: string, hint?: string) => problems.atOffset(at, message, hint);
    return substituteFor(body, lookUp, complain) ?? reference;
  });
  const isOneVariable = /^\$\{[^}]*\}$/.test(before);
  scalar.value = scalar.plain && isOneVariable ? resolve(scalar.text) : scalar.text;
  const complaint = complaintOf(scalar);
  if (complaint) problems.atOffset(start, complaint);
}

function substituteFor(
  body: string | undefined,
  lookUp: LookUp,
  complain: (message: string, hint?: string) => void,
): string | undefined {
  if (body === undefined) {
    complain('a variable begins with "${" and does not end', 'write "$$" for a dollar sign');
    return undefined;
  }
  const [, name, operator, rest = ''] = BODY.exec(body) ?? [];
  if (name === undefined || rest.includes('${')) {
    const forms = ['NAME', 'NAME:-default', 'NAME:?error'].map((form) => `\${${form}}`).join(', ');
    complain(
      `cannot read the variable "\${${body}}"`,
      `what works: ${forms}; $\${ for the shell's own`,
    );
    return undefined;
  }
  const value = lookUp(name);
  const isMissing = value === undefined || (value === '' && operator?.startsWith(':'));
  if (!isMissing) return value;
  if (operator?.endsWith('-')) return rest;
  if (operator && rest) complain(`variable ${name}: ${rest}`);
  else {
    const state = value === undefined ? 'is not set' : 'is empty';
    complain(`variable ${name} ${state}`, `set it, or give a default: \${${name}:-…}`);
  }
  return undefined;
}
