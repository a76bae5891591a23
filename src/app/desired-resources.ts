import { desired } from '../kinds/desired.js';
import type { Config } from '../model/config.js';
import type { Resource, Row } from '../model/resource.js';
import type { Context } from './context.js';
import { desiredInput } from './live-plan-host.js';

/** The desired resources of the file. */
export async function desiredResources(
  config: Config,
  context: Context,
  rows: readonly Row[],
): Promise<Resource[]> {
  return desired(await desiredInput(config, context, rows));
}
