import { setTimeout as sleep } from 'node:timers/promises';
import { PROXY_SOCKET } from '../farm/haproxy.js';
import { readStatistics } from '../farm/status.js';
import type { Probe } from '../host/ports.js';
import { parseAddress } from '../model/address.js';
import { messageOf } from '../model/errors.js';
import type { FarmServer, FarmStatus } from '../model/farm-status.js';
import { parseId } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ConfigSpec, ContainerFacts } from '../model/specs.js';
import type { Context } from './context.js';

type ConfigRow = Row<ConfigSpec>;

/**
 * The status of every farm in the rows, in their order, as its proxy reports it. Never rejects.
 *
 * @param limit milliseconds to wait for a proxy; default: its own timeout
 */
export async function observeFarms(
  rows: readonly Row[],
  probe: Probe,
  limit?: number,
): Promise<FarmStatus[]> {
  const configs = rows.filter(({ kind, spec }) => kind === 'config' && (spec as ConfigSpec).farm);
  return Promise.all(configs.map((row) => observeFarm(row as ConfigRow, rows, probe, limit)));
}

async function observeFarm(
  row: ConfigRow,
  rows: readonly Row[],
  probe: Probe,
  limit: number | undefined,
): Promise<FarmStatus> {
  const { stack, needs, spec } = row;
  const name = spec.farm?.name ?? row.name;
  const proxy = parseId(spec.reader?.id ?? '')?.name ?? row.name;
  const known = needs.flatMap((need) => {
    const { kind, name } = parseAddress(need) ?? {};
    return kind === 'container' && name !== undefined ? [name] : [];
  });
  try {
    const pid = processOf(proxy, stack, rows, probe);
    const { askProxy } = await import('../host/linux/haproxy/socket.js');
    const answer = within(limit, askProxy(pid, PROXY_SOCKET, 'show stat'));
    const counted = readStatistics(name, await answer);
    const rest = known.filter((each) => !counted.servers.some((server) => server.name === each));
    const shown = counted.servers.filter((each) => known.includes(each.name) || isInUse(each));
    return { name, stack, proxy, ...counted, servers: [...shown, ...unknownServers(rest)] };
  } catch (error) {
    return { name, stack, proxy, silent: messageOf(error), servers: unknownServers(known) };
  }
}

async function within<T>(limit: number | undefined, answer: Promise<T>): Promise<T> {
  if (limit === undefined) return answer;
  const controller = new AbortController();
  const { signal } = controller;
  // an error after the limit is of no interest
  answer.catch(() => undefined);
  const late = sleep(limit, undefined, { signal, ref: false }).then(() => {
    throw new Error(`no answer within ${limit} ms`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    controller.abort();
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

/** The proxy knows spare servers, which exist only during a rolling update. */
const isInUse = ({ state }: FarmServer) => state !== 'maintenance';

const unknownServers = (names: string[]): FarmServer[] =>
  names.map((name) => ({ name, state: 'unknown' }));

/** The status of the farms of a stack, or of all stacks. */
export async function farmsOf(context: Context, stack: string | undefined): Promise<FarmStatus[]> {
  const { rows } = context.state();
  const own = rows.filter((row) => stack === undefined || row.stack === stack);
  return observeFarms(own, await context.probe());
}
