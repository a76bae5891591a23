import type { Config } from '../model/config.js';
import type { Resource, Row } from '../model/resource.js';
import { desired } from '../plan/desired/index.js';
import type { Context } from './context.js';
import { type Given, givenBy, located } from './given.js';

/** All that the file asks for. */
export async function wantedBy(
  config: Config,
  context: Context,
  rows: readonly Row[],
): Promise<Resource[]> {
  return desiredBy(await givenBy(config, context, rows), context);
}

export function desiredBy(given: Given, context: Context): Promise<Resource[]> {
  return located(given.config, context, async (config) => desired({ ...given, config }));
}
