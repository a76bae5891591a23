import type { Context } from '../kinds/desired-context.js';
import { type Address, addressOf } from '../model/address.js';
import type { FarmEntry } from '../model/config.js';
import type { Resource, Row } from '../model/resource.js';
import type { ConfigSpec, ContainerSpec, Scaled } from '../model/specs.js';

/** The scale of a farm set by `baleine scale`, now or earlier. */
export function scaleOf(
  name: string,
  { servers }: FarmEntry,
  context: Context,
): Scaled | undefined {
  const { config, rows, scale } = context;
  const file = servers.replicas ?? 1;
  const row = rows.find(
    ({ kind, stack, spec }) =>
      kind === 'config' && stack === config.name && (spec as ConfigSpec).farm?.name === name,
  );
  const recorded = (row?.spec as ConfigSpec | undefined)?.farm?.scaled;
  return currentScale(file, scale?.[name], recorded);
}

/**
 * A scale that is requested, or an earlier one: that ends when the file changes its own number.
 *
 * @param file the number in the file
 */
export function currentScale(
  file: number,
  requested: number | undefined,
  recorded: Scaled | undefined,
): Scaled | undefined {
  if (requested !== undefined) return requested === file ? undefined : { file, servers: requested };
  return recorded?.file === file ? recorded : undefined;
}

/** The entry with the scaled number of replicas. */
export function withScale(entry: FarmEntry, scaled: Scaled | undefined): FarmEntry {
  return scaled ? { ...entry, servers: { ...entry.servers, replicas: scaled.servers } } : entry;
}

/**
 * The targets of `scale`: the servers of the farms, the proxies' configurations, and host names.
 */
export function scaleTargets(
  farms: readonly string[],
  stack: string,
  resources: readonly Resource[],
  rows: readonly Row[],
): Address[] {
  const own = rows.filter((row) => row.stack === stack);
  const all = [
    ...resources,
    ...own.map((row) => ({ ...row, address: addressOf(row.kind, row.name) })),
  ];
  const configs = all.filter(
    ({ kind, spec }) => kind === 'config' && farms.includes((spec as ConfigSpec).farm?.name ?? ''),
  );
  const hosts = all.filter(({ kind }) => kind === 'hosts');
  const names = all
    .filter(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).resolver)
    .map(({ name }) => addressOf('config', name));
  const targets = [...[...configs, ...hosts].map(({ address }) => address), ...names];
  return [...new Set([...targets, ...configs.flatMap(({ needs }) => needs)])];
}
