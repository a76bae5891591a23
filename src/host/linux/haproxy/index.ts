import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { poll } from '../../../model/poll.js';
import type { ProxySpec } from '../../../model/specs.js';
import type { Fault, Proxies, Runtime } from '../../ports.js';
import { smallFiles, withScratch } from '../disks/scratch.js';
import { run } from '../process/run.js';
import { runningContainer } from '../runtime/started.js';
import { askProxy } from './socket.js';

/** Milliseconds for a master process to replace its worker. */
const RELOAD_TIMEOUT = 10_000;
const SOCKET_TIMEOUT = 2000;
const CHECK_LIMIT = 10_000;
const PAUSE = 100;
const SHORT_PAUSE = 10;

type Socket = Omit<ProxySpec, 'backend'>;
type Ask = (command: string) => Promise<string>;

export function linuxProxies(paths: InstallPaths, runtime: Pick<Runtime, 'signal'>): Proxies {
  const asker = (proxy: ProxySpec) => awaitSocket(paths, proxy);
  return {
    check: (program, text) => checkText(paths, program, text),
    runs: async (proxy) => (await asker(proxy)) !== undefined,
    drain: async (proxy, servers, limit) => {
      const ask = await asker(proxy);
      if (ask) await unlessGone(paths, proxy, () => drain(ask, proxy, servers, limit));
    },
    admit: async (proxy, server, port) => {
      const ask = await asker(proxy);
      if (!ask) return;
      await setServerPort(ask, proxy, server, port);
      await setState(ask, proxy, [server], 'ready');
    },
    awaitUp: async (proxy, servers, limit) => {
      const ask = await asker(proxy);
      if (ask) await awaitUp(ask, proxy, servers, limit);
    },
    awaitAnswer: async (proxy, limit) => {
      if (!(await awaitSocket(paths, proxy, limit, SHORT_PAUSE))) throw noAnswerError(paths, proxy);
    },
    reload: async (proxy, signal, handover) => {
      const ask = await asker(proxy);
      const before = ask && (await workerOf(ask));
      if (!(await runtime.signal(proxy.id, signal)) || !ask) return;
      await awaitNewWorker(ask, before, proxy);
      if (before !== undefined) await awaitEnd(paths, proxy, before, handover);
    },
  };
}

/** `[ALERT] (1) : config : parsing [haproxy.cfg:5] : unknown keyword 'x' in 'global' section` */
const ALERT = /^\[ALERT\]\s+\(\d+\) : (?:config : )?(?:parsing \[[^\]]*:(\d+)\] : )?(.*)$/;

/** The summary that follows the individual errors. */
const SUMMARY = /^(Error\(s\) found|Fatal errors found)/;

async function checkText(
  paths: InstallPaths,
  program: string,
  text: string,
): Promise<Fault[] | undefined> {
  // not passed as standard input: that is a socket, which HAProxy cannot open by name
  const ended = await withScratch(smallFiles(paths), async (dir) => {
    const path = join(dir, 'haproxy.cfg');
    await writeFile(path, text);
    const how = { timeout: CHECK_LIMIT, reject: false };
    return run(program, ['-c', '-f', path], how).catch(() => undefined);
  });
  if (!ended) return undefined;
  if (ended.code === 0) return [];
  const faults = ended.stderr.split('\n').flatMap((line): Fault[] => {
    const [, at, text = ''] = ALERT.exec(line) ?? [];
    if (text === '' || SUMMARY.test(text)) return [];
    return [{ text, ...(at !== undefined && { line: Number(at) }) }];
  });
  return faults.length > 0 ? faults : [{ text: `exit code ${ended.code}` }];
}

/** A newly started proxy needs a moment to listen; one with a custom command may never listen. */
async function awaitSocket(
  paths: InstallPaths,
  { id, socket }: Socket,
  limit = SOCKET_TIMEOUT,
  pause = PAUSE,
): Promise<Ask | undefined> {
  const find = async (): Promise<Ask | 'not running' | undefined> => {
    const container = runningContainer(paths, id);
    if (!container) return 'not running';
    const ask: Ask = (command) => askProxy(container.pid, socket, command);
    return (await workerOf(ask)) === undefined ? undefined : ask;
  };
  const found = await poll(find, { limit, pause });
  return found === 'not running' ? undefined : found;
}

/** A proxy that ends or restarts during the wait has no sessions left to wait for. */
async function unlessGone(
  paths: InstallPaths,
  { id }: ProxySpec,
  act: () => Promise<void>,
): Promise<void> {
  const before = runningContainer(paths, id)?.pid;
  try {
    await act();
  } catch (error) {
    if (before !== undefined && runningContainer(paths, id)?.pid === before) throw error;
  }
}

/**
 * Uses maintenance, which keeps running sessions: a server in HAProxy's drain state still gets
 * requests of clients that know it by its cookie, for as long as they come.
 */
async function drain(ask: Ask, proxy: ProxySpec, servers: string[], limit: number): Promise<void> {
  await setState(ask, proxy, servers, 'maint');
  const isDrained = async () => !(await statesOf(ask, proxy, servers)).some(isBusy);
  await poll(isDrained, { limit, pause: PAUSE });
}

async function awaitNewWorker(
  ask: Ask,
  before: string | undefined,
  { id }: ProxySpec,
): Promise<void> {
  const isNew = async () => {
    const worker = await workerOf(ask);
    return worker !== undefined && worker !== before;
  };
  if (!(await poll(isNew, { limit: RELOAD_TIMEOUT, pause: PAUSE / 2 }))) throw reloadError(id);
}

/** @param worker pid of the worker, in the container's pid namespace */
async function awaitEnd(
  paths: InstallPaths,
  { id }: ProxySpec,
  worker: string,
  limit: number,
): Promise<void> {
  const isGone = () => !existsSync(`/proc/${runningContainer(paths, id)?.pid}/root/proc/${worker}`);
  await poll(isGone, { limit, pause: PAUSE });
}

/** Requests to the server's previous port would fail or reach another server. */
async function setServerPort(
  ask: Ask,
  proxy: ProxySpec,
  server: string,
  port: number,
): Promise<void> {
  const place = await placeOf(ask, proxy, server);
  if (!place || place.srv_port === `${port}`) return;
  const name = `${proxy.backend}/${server}`;
  const answer = await ask(`set server ${name} addr ${place.srv_addr} port ${port}`);
  if ((await placeOf(ask, proxy, server))?.srv_port === `${port}`) return;
  throw new Error(`cannot send requests for ${name} to port ${port}: ${answer.trim()}`);
}

/** Columns of `show servers state` (Management Guide, 9.3). */
interface Place {
  srv_name: string;
  srv_addr: string;
  srv_port: string;
}

async function placeOf(
  ask: Ask,
  { backend }: ProxySpec,
  server: string,
): Promise<Place | undefined> {
  const text = await ask(`show servers state ${backend}`);
  const table = text.slice(text.indexOf('# ') + 2);
  const options = { columns: true, relax_column_count: true, delimiter: ' ' } as const;
  const all: Place[] = parse(table, { ...options, skip_empty_lines: true });
  return all.find(({ srv_name }) => srv_name === server);
}

/** One answer covers all servers. Servers that the proxy does not know are ignored. */
async function setState(
  ask: Ask,
  { backend }: ProxySpec,
  servers: string[],
  state: 'maint' | 'ready',
): Promise<void> {
  const commands = servers.map((server) => `set server ${backend}/${server} state ${state}`);
  const answer = (await ask(commands.join(';'))).trim();
  if (answer && !answer.split(/\s*\n\s*/).every((line) => line === 'No such server.')) {
    throw new Error(`cannot set servers of ${backend} to ${state}: ${answer}`);
  }
}

async function awaitUp(ask: Ask, proxy: ProxySpec, servers: string[], limit: number) {
  const findDown = async () => (await statesOf(ask, proxy, servers)).find((each) => !isUp(each));
  const down = await poll(findDown, { until: (each) => !each, limit, pause: PAUSE });
  if (!down) return;
  const { svname, status, last_chk, check_status } = down;
  const found = `${status} (${last_chk || check_status})`;
  throw new Error(`cannot send requests to ${svname}: the proxy reports ${found}`);
}

/** Columns of `show stat` (Management Guide, 9.1). */
interface State {
  svname: string;
  status: string;
  /** Sessions plus queued requests. */
  scur: string;
  qcur: string;
  check_status: string;
  last_chk: string;
}

const SERVERS_ONLY = 4;

async function statesOf(ask: Ask, { backend }: ProxySpec, servers: string[]): Promise<State[]> {
  const text = await ask(`show stat ${backend} ${SERVERS_ONLY} -1`);
  const columns = { columns: true, relax_column_count: true, skip_empty_lines: true } as const;
  const all: State[] = parse(text.replace(/^# /, ''), columns);
  return all.filter(({ svname }) => servers.includes(svname));
}

const isBusy = ({ scur, qcur }: State) => Number(scur) + Number(qcur) > 0;

/** HAProxy counts a server that was not checked yet as up; we do not. */
function isUp({ status, check_status }: State): boolean {
  return status === 'no check' || (status.startsWith('UP') && !/^(\* )?INI/.test(check_status));
}

/** While workers are being replaced there may be no answer. */
async function workerOf(ask: Ask): Promise<string | undefined> {
  const text = await ask('show info').catch(() => '');
  return /^Pid: (\d+)$/m.exec(text)?.[1];
}

const nameOf = (id: string) => id.slice(id.indexOf('.') + 1);

function noAnswerError(paths: InstallPaths, { id, socket }: Socket): UserError {
  const cause = runningContainer(paths, id) ? `it does not answer at ${socket}` : 'it has ended';
  return new UserError(`cannot start ${id}: ${cause}`, `baleine logs ${nameOf(id)}`);
}

function reloadError(id: string): Error {
  const name = nameOf(id);
  return new Error(
    `cannot reload ${name}: it stays with its old configuration: baleine logs ${name}`,
  );
}
