import { PROXY_SOCKET } from '../../farm/haproxy.js';
import { readStatistics } from '../../farm/status.js';
import type { Probe } from '../../host/host.js';
import { parseAddress } from '../../model/address.js';
import { messageOf } from '../../model/errors.js';
import type { FarmServer, FarmStatus } from '../../model/farm-status.js';
import type { Row } from '../../model/resource.js';
import { partsOf } from '../../model/site.js';
import type { ConfigSpec, ContainerFacts } from '../../model/specs.js';

type ConfigRow = Row<ConfigSpec>;

/** Every farm among the rows, as its proxy counts it now, in the order of the rows. Never rejects. */
export async function lookAtFarms(rows: readonly Row[], probe: Probe): Promise<FarmStatus[]> {
  const configs = rows.filter(({ kind, spec }) => kind === 'config' && (spec as ConfigSpec).farm);
  return Promise.all(configs.map((row) => lookAt(row as ConfigRow, rows, probe)));
}

async function lookAt(row: ConfigRow, rows: readonly Row[], probe: Probe): Promise<FarmStatus> {
  const { stack, needs, spec } = row;
  const name = spec.farm?.name ?? row.name;
  const proxy = partsOf(spec.reader?.id ?? '')?.name ?? row.name;
  const known = needs.flatMap((need) => {
    const { kind, name } = parseAddress(need) ?? {};
    return kind === 'container' && name !== undefined ? [name] : [];
  });
  try {
    const pid = processOf(proxy, stack, rows, probe);
    const { askProxy } = await import('../../host/linux/proxy-socket.js');
    const counted = readStatistics(name, await askProxy(pid, PROXY_SOCKET, 'show stat'));
    const rest = known.filter((each) => !counted.servers.some((server) => server.name === each));
    const shown = counted.servers.filter((each) => known.includes(each.name) || isInUse(each));
    return { name, stack, proxy, ...counted, servers: [...shown, ...unknown(rest)] };
  } catch (error) {
    return { name, stack, proxy, silent: messageOf(error), servers: unknown(known) };
  }
}

function processOf(name: string, stack: string, rows: readonly Row[], probe: Probe): number {
  const row = rows.find(
    (each) => each.kind === 'container' && each.stack === stack && each.name === name,
  );
  const { pid, start_time, boot_id } = (row?.facts ?? {}) as ContainerFacts;
  const runs =
    pid !== undefined && boot_id === probe.bootId && probe.process(pid)?.start_time === start_time;
  if (!runs) throw new Error(`${name} does not run`);
  return pid;
}

/** A spare server is known to the proxy and not there, but while others are replaced. */
const isInUse = ({ state }: FarmServer) => state !== 'maintenance';

const unknown = (names: string[]): FarmServer[] =>
  names.map((name) => ({ name, state: 'unknown' }));
