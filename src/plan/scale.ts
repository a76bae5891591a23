import { type Address, addressOf } from '../model/address.js';
import type { Resource, Row } from '../model/resource.js';
import type { ConfigSpec } from '../model/specs.js';

/** What is in sight when some farms are scaled: their servers, the proxies' configurations, and names. */
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
  const targets = [...configs, ...hosts].map(({ address }) => address);
  return [...new Set([...targets, ...configs.flatMap(({ needs }) => needs)])];
}
