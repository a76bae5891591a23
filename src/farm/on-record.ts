import { parseAddress } from '../model/address.js';
import { byName } from '../model/names.js';
import type { Row } from '../model/resource.js';
import { partsOf } from '../model/site.js';
import type { ConfigSpec } from '../model/specs.js';
import type { FarmNode } from '../model/topology.js';

/** The farms among the rows of one stack, by name; told by the configurations of their proxies. */
export function farmsOnRecord(rows: readonly Row[]): FarmNode[] {
  return (rows as readonly Row<ConfigSpec>[])
    .filter(({ kind, spec }) => kind === 'config' && spec.farm)
    .map(({ name: config, spec, needs }) => ({
      name: spec.farm?.name ?? config,
      proxy: partsOf(spec.reader?.id ?? '')?.name ?? config,
      servers: needs.flatMap(containerOf).sort(byName),
    }))
    .sort((a, b) => byName(a.name, b.name));
}

function containerOf(address: string): string[] {
  const { kind, name } = parseAddress(address) ?? {};
  return kind === 'container' && name !== undefined ? [name] : [];
}
