import type { Config } from '../model/config.js';
import type { Context } from './context.js';

/** The context in which a stack is planned and applied: that of this host, or of its swarm. */
export async function contextOf(context: Context, config: Config): Promise<Context> {
  if (config.engine !== 'swarm') return context;
  const { openSwarm } = await import('./swarm/context.js');
  return openSwarm(context, config);
}
