import type { Config } from '../model/config.js';
import type { Context } from './context.js';
import type { SwarmContext } from './swarm/context.js';

/** The context in which a stack is planned and applied: that of this host, or of its swarm. */
export async function contextOf(context: Context, config: Config): Promise<Context> {
  if (config.engine !== 'swarm') return context;
  const { openSwarm } = await import('./swarm/context.js');
  return openSwarm(context, config);
}

/** The swarm of the file, for commands that show what runs; undefined if this host runs it. */
export async function swarmOf(
  context: Context,
): Promise<{ swarm: SwarmContext; config: Config } | undefined> {
  const { withoutFile, engine } = context.options;
  if (withoutFile && engine !== 'swarm') return undefined;
  const config = await context.config();
  if (config.engine !== 'swarm') return undefined;
  const { openSwarm } = await import('./swarm/context.js');
  // nobody asks for images: a node that has just died is no error
  return { swarm: await openSwarm(context, config, []), config };
}
