import { NAME } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { idOf } from '../model/site.js';
import type { Context } from './context.js';

/** The id of a container by its name in a stack: the one given, else the file's. */
export async function containerId(
  context: Context,
  name: string,
  stack: string | undefined,
): Promise<string> {
  for (const each of [name, stack ?? name]) {
    if (!NAME.test(each)) {
      throw new UserError(
        `cannot find container ${each}: that is no name`,
        'baleine ps lists them',
      );
    }
  }
  return idOf(stack ?? (await context.config()).name, name);
}
