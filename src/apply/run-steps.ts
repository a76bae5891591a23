import type { Facts, Handler, Step } from '../model/step.js';

/** Every verb's handler. */
export type HandlerTable = Readonly<Record<string, Handler<unknown>>>;

/**
 * Runs steps of one verb; one answer a step, in order. Never rejects for what a handler throws:
 * that is the answer of the steps it happened to.
 */
export async function runSteps(
  verb: string,
  steps: readonly Step[],
  handlers: HandlerTable,
): Promise<(Facts | undefined | Error)[]> {
  const handler = handlerOf(verb, handlers);
  const args = steps.map((step) => step.args);
  try {
    if ('one' in handler) return await Promise.all(args.map((each) => handler.one(each)));
    const answers = await handler.all(args);
    if (answers.length === steps.length) return answers;
    throw new Error(`"${verb}" gave ${answers.length} answers to ${steps.length} steps`);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return steps.map(() => error);
  }
}

/** Throws for a verb that no kind has, as in a plan saved by another version. */
export function handlerOf(verb: string, handlers: HandlerTable): Handler<unknown> {
  const handler = Object.hasOwn(handlers, verb) ? handlers[verb] : undefined;
  if (!handler) throw new Error(`cannot do "${verb}": no kind knows how`);
  return handler;
}
