import { NAME } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { idOf } from '../model/site.js';
import type { Context } from './context.js';
import { type Home, homeStack } from './home.js';

/** The id of a container by its name in a stack: the one given, else the one at home. */
export async function containerId(
  context: Context,
  name: string,
  given: string | undefined,
  home: Home,
): Promise<string> {
  if (!NAME.test(name)) {
    throw new UserError(`cannot find container ${name}: that is no name`, 'baleine ps lists them');
  }
  return idOf(await homeStack(context, given, home), name);
}
