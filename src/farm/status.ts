import { byName, parseAddress } from '../model/address.js';
import type { FarmServer, FarmTraffic, ServerState, ServerTraffic } from '../model/farm-status.js';
import { parseId } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ConfigSpec } from '../model/specs.js';
import type { FarmNode } from '../model/topology.js';

/** The counters of a farm's proxy. */
export interface ProxyCounts {
  traffic?: FarmTraffic;
  servers: FarmServer[];
}

/**
 * Parses HAProxy's `show stat` (Management Guide, 9.1): a header that begins with `# `, then one
 * line per frontend, backend and server. Only the last check is quoted text that may contain
 * commas.
 */
export function readStatistics(farm: string, csv: string): ProxyCounts {
  const [head = '', ...lines] = csv.split('\n').filter(Boolean);
  const names = head.replace(/^# /, '').split(',');
  const rows = lines.map((line) => new Fields(names, line));
  const backend = rows.find((row) => row.is(`${farm}-servers`, 'BACKEND'));
  const frontend = rows.find((row) => row.is(farm, 'FRONTEND'));
  const servers = rows.filter((row) => row.isServer(`${farm}-servers`)).map(serverOf);
  return { ...(frontend && { traffic: trafficOf(frontend, backend) }), servers };
}

function trafficOf(frontend: Fields, backend: Fields | undefined): FarmTraffic {
  const http = frontend.text('mode') !== 'tcp';
  return {
    sessions: frontend.number('scur'),
    sessions_total: frontend.number('stot'),
    requests: frontend.number('req_tot'),
    rate: frontend.number(http ? 'req_rate' : 'rate'),
    errors: http ? frontend.number('hrsp_5xx') : (backend?.number('econ') ?? 0),
    received_bytes: frontend.number('bin'),
    sent_bytes: frontend.number('bout'),
  };
}

function serverOf(row: Fields): FarmServer {
  const words = [row.text('check_status'), row.text('check_code') || row.text('last_chk')];
  const check = words.filter(Boolean).join(' ');
  const traffic: ServerTraffic = {
    sessions: row.number('scur'),
    sessions_total: row.number('stot'),
    requests: row.number('req_tot'),
    rate: row.number('rate'),
    errors: row.number('econ') + row.number('eresp') + row.number('hrsp_5xx'),
    queued: row.number('qcur'),
  };
  return {
    name: row.text('svname'),
    state: stateOf(row.text('status'), traffic.sessions),
    traffic,
    since: row.number('lastchg'),
    ...(check && { check }),
  };
}

/**
 * `UP 1/2` is going down, `DOWN 1/2` is coming up; `no check` counts as up. Servers are drained in
 * maintenance mode, until their sessions are over.
 */
function stateOf(status: string, sessions: number): ServerState {
  if (status.startsWith('UP') || status === 'no check') return 'up';
  if (status.startsWith('DRAIN') || status.startsWith('NOLB')) return 'draining';
  if (status.startsWith('MAINT')) return sessions > 0 ? 'draining' : 'maintenance';
  return status.startsWith('DOWN') ? 'down' : 'unknown';
}

class Fields {
  readonly #values: string[];

  constructor(
    readonly names: readonly string[],
    line: string,
  ) {
    this.#values = (line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? []).map((each) =>
      each
        .replace(/,$/, '')
        .replace(/^"(.*)"$/s, '$1')
        .replaceAll('""', '"'),
    );
  }

  text(name: string): string {
    return this.#values[this.names.indexOf(name)] ?? '';
  }

  number(name: string): number {
    return Number(this.text(name)) || 0;
  }

  is(proxy: string, service: string): boolean {
    return this.text('pxname') === proxy && this.text('svname') === service;
  }

  /** Type 2; a frontend is 0, a backend 1, a listening socket 3. */
  isServer(proxy: string): boolean {
    return this.text('pxname') === proxy && this.text('type') === '2';
  }
}

/**
 * The farms in the rows of one stack, sorted by name; found by the configurations of their proxies.
 */
export function recordedFarms(rows: readonly Row[]): FarmNode[] {
  return (rows as readonly Row<ConfigSpec>[])
    .filter(({ kind, spec }) => kind === 'config' && spec.farm)
    .map(({ name: config, spec, needs }) => ({
      name: spec.farm?.name ?? config,
      proxy: parseId(spec.reader?.id ?? '')?.name ?? config,
      servers: needs.flatMap(containerOf).sort(byName),
    }))
    .sort((a, b) => byName(a.name, b.name));
}

function containerOf(address: string): string[] {
  const { kind, name } = parseAddress(address) ?? {};
  return kind === 'container' && name !== undefined ? [name] : [];
}
