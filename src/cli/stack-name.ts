import { NAME } from '../model/address.js';
import { BY_HAND } from '../model/by-hand.js';
import { UserError } from '../model/errors.js';
import type { Context } from './context.js';

/** The stack that is meant: the one named by `--stack`, else the file's. */
export async function stackName(context: Context, given?: string): Promise<string> {
  if (given === undefined) return (await context.config()).name;
  if (given === BY_HAND || NAME.test(given)) return given;
  throw new UserError(`cannot use ${JSON.stringify(given)}: it is not a stack's name`);
}
