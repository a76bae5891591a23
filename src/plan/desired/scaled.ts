import type { FarmEntry } from '../../model/config.js';
import type { ConfigSpec, Scaled } from '../../model/specs.js';
import type { Context } from './context.js';

/**
 * What `baleine scale` asks of a farm, now or earlier. It holds until the file asks for another
 * number than it did then: whoever spoke last is heard.
 */
export function scaleOf(
  name: string,
  { servers }: FarmEntry,
  context: Context,
): Scaled | undefined {
  const { config, rows, scale } = context;
  const file = servers.replicas ?? 1;
  const asked = scale?.[name];
  if (asked !== undefined) return asked === file ? undefined : { file, servers: asked };
  const row = rows.find(
    ({ kind, stack, spec }) =>
      kind === 'config' && stack === config.name && (spec as ConfigSpec).farm?.name === name,
  );
  const scaled = (row?.spec as ConfigSpec | undefined)?.farm?.scaled;
  return scaled?.file === file ? scaled : undefined;
}

/** The entry as if the file said so. */
export function withScale(entry: FarmEntry, scaled: Scaled | undefined): FarmEntry {
  return scaled ? { ...entry, servers: { ...entry.servers, replicas: scaled.servers } } : entry;
}
