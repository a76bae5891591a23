import { UserError } from '../../model/errors.js';
import { canonical, digest } from '../../model/json.js';

/**
 * The answers to what a plan asked, by question: `probe.mounted ["/srv"]`. Plain JSON; `encode` has
 * forms for what JSON cannot express.
 */
export type Answers = Record<string, unknown>;

/** For a method that reads a part of its argument only: that part, which identifies the question. */
export type Relevant<Port> = { [Name in keyof Port]?: (argument: never) => unknown };

/** The same port, except that each question is answered once and its answer is recorded. */
export function recording<Port extends object>(
  name: string,
  port: Port,
  answers: Answers,
  relevant: Relevant<Port> = {},
): Port {
  const known = new Map<string, unknown>();
  const once = (question: string, ask: () => unknown) => {
    if (!known.has(question)) {
      known.set(question, ask());
      answers[question] = encode(known.get(question));
    }
    return known.get(question);
  };
  return new Proxy(port, {
    get: (target, member) => {
      const value = Reflect.get(target, member) as unknown;
      if (typeof member === 'symbol') return value;
      const question = `${name}.${member}`;
      if (typeof value !== 'function') return once(question, () => value);
      return (...args: unknown[]) =>
        once(`${question} ${argumentsText(args, relevant[member as keyof Port])}`, () =>
          value.apply(target, args),
        );
    },
  });
}

/** A port that gives the recorded answers, and throws a UserError for any other question. */
export function replaying<Port extends object>(
  name: string,
  answers: Answers,
  relevant: Relevant<Port> = {},
): Port {
  return new Proxy({} as Port, {
    get: (_, member) => {
      // a promise would look for `then`
      if (typeof member === 'symbol' || member === 'then') return undefined;
      const question = `${name}.${member}`;
      if (Object.hasOwn(answers, question)) return answerTo(question, answers);
      return (...args: unknown[]) =>
        answerTo(`${question} ${argumentsText(args, relevant[member as keyof Port])}`, answers);
    },
  });
}

/** Records the outcome of `ask`, also if it rejects with a UserError. */
export async function recordOutcome<T>(
  question: string,
  answers: Answers,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await ask();
    answers[question] = encode(answer);
    return answer;
  } catch (error) {
    if (error instanceof UserError) answers[question] = encode(error);
    throw error;
  }
}

/** @throws UserError if it was not asked, and the recorded error if that was the answer */
export function answerTo<T>(question: string, answers: Answers): T {
  if (!Object.hasOwn(answers, question)) {
    throw new UserError(
      `cannot plan from this snapshot: it has no answer to ${question}`,
      'Make one with the same file and options, by the same version of baleine.',
    );
  }
  const answer = decode(answers[question]);
  if (answer instanceof UserError) throw answer;
  return answer as T;
}

/** Longer texts, such as the content of files, are identified by their digest. */
const MAX_LENGTH = 100;

function argumentsText(args: unknown[], relevant?: (argument: never) => unknown): string {
  const asked = relevant ? args.map((each) => relevant(each as never)) : args;
  return canonical(asked.map((each) => (each instanceof Set ? [...each].sort() : short(each))));
}

function short(value: unknown): unknown {
  return typeof value === 'string' && value.length > MAX_LENGTH ? digest(value) : value;
}

/** What JSON cannot express, as an object with this key alone. */
const FORM = '$form';

type Form =
  | { [FORM]: 'undefined' }
  | { [FORM]: 'number'; text: string }
  | { [FORM]: 'map'; entries: [unknown, unknown][] }
  | { [FORM]: 'error'; lines: string[]; hint?: string[] };

function encode(value: unknown): unknown {
  if (value === undefined) return { [FORM]: 'undefined' } satisfies Form;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return { [FORM]: 'number', text: String(value) } satisfies Form;
  }
  if (value instanceof Map) {
    return { [FORM]: 'map', entries: encodeAll([...value]) as [] } satisfies Form;
  }
  if (value instanceof UserError) {
    const { message, hint } = value;
    const error: Form = { [FORM]: 'error', lines: message.split('\n') };
    return hint === undefined ? error : { ...error, hint: hint.split('\n') };
  }
  if (Array.isArray(value)) return encodeAll(value);
  if (typeof value !== 'object' || value === null) return value;
  const defined = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(defined.map(([key, each]) => [key, encode(each)]));
}

const encodeAll = (values: unknown[]) => values.map(encode);

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  if (FORM in value) return decodeForm(value as Form);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decode(each)]));
}

function decodeForm(form: Form): unknown {
  switch (form[FORM]) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(form.text);
    case 'map':
      return new Map(decode(form.entries) as [unknown, unknown][]);
    case 'error':
      return new UserError(form.lines, form.hint);
  }
}
