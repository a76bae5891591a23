import type { FarmEntry, HttpTest } from '../model/config.js';
import {
  balanceLines,
  defaultsFor,
  listenLines,
  presetLines,
  snippet,
  socketLines,
  stickyWord,
} from './proxy-options.js';

export interface Upstream {
  name: string;
  /** Without prefix length. */
  address: string;
  port: number;
  /** It takes no part until it is admitted. */
  disabled?: true;
}

export const backendOf = (farm: string) => `${farm}-servers`;

/** In the container; there with every image and user, and not on the disk. */
export const PROXY_SOCKET = '/dev/shm/proxy.sock';

/**
 * The proxy's configuration (HAProxy 2.6 Configuration Manual). A server that cannot be reached
 * costs a client no error: the connection is tried again on another one.
 *
 * @param certificate where it finds its certificate, when it has one
 */
export function haproxyConfig(
  farm: string,
  { servers, proxy }: FarmEntry,
  upstreams: Upstream[],
  certificate = '',
): string {
  const lines = [
    `# farm ${farm}, written by baleine: change baleine.yaml instead`,
    'global',
    ...globals(proxy),
    '',
    'defaults',
    `    mode ${proxy.mode}`,
    '    log global',
    '    option redispatch 1',
    '    retries 3',
    ...defaultsFor(proxy),
    '',
    `frontend ${farm}`,
    ...listenLines(proxy, certificate),
    ...snippet(proxy, 'frontend'),
    `    default_backend ${backendOf(farm)}`,
    '',
    `backend ${backendOf(farm)}`,
    ...balanceLines(proxy),
    ...checks(servers),
    ...upstreams.map((each) => serverLine(each, proxy)),
    ...statistics(proxy),
  ];
  return `${lines.join('\n')}\n`;
}

function serverLine(
  { name, address, port, disabled }: Upstream,
  proxy: FarmEntry['proxy'],
): string {
  const words = `${stickyWord(proxy, name)}${disabled ? ' disabled' : ''}`;
  return `    server ${name} ${address}:${port}${words}`;
}

/**
 * A server leaves the rotation before its own health check has failed so often that it is started
 * again: the proxy asks at least twice as fast, and counts to 2.
 */
function checks({ healthcheck, port }: FarmEntry['servers']): string[] {
  if (!healthcheck || 'exec' in healthcheck) return [`${DEFAULT} inter ${SLOWEST}ms`];
  const { interval, retries, timeout } = healthcheck;
  const inter = Math.max(FASTEST, Math.min(SLOWEST, Math.floor((interval * retries) / 4)));
  const asked = 'tcp' in healthcheck ? healthcheck.tcp : healthcheck.http.port;
  const place = asked === port ? '' : ` port ${asked}`;
  return [
    ...('http' in healthcheck ? httpChecks(healthcheck) : []),
    `    timeout check ${timeout}ms`,
    `${DEFAULT} inter ${inter}ms${place}`,
  ];
}

const DEFAULT = '    default-server check fall 2 rise 1';
/** Milliseconds. */
const SLOWEST = 1000;
const FASTEST = 100;

function httpChecks({ http: { path, status } }: HttpTest): string[] {
  return [
    '    option httpchk',
    `    http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host localhost`,
    `    http-check expect status ${status}`,
  ];
}

/** The workers give up root, when they have it; ids, because the image may have no such names. */
function globals(proxy: FarmEntry['proxy']): string[] {
  const { user, access_log: logged } = proxy;
  const root = user === undefined || /^(0|root)(:|$)/.test(user);
  const lines = [
    `    log stdout format raw local0 ${logged ? 'info' : 'notice'}`,
    `    stats socket ${PROXY_SOCKET} mode 600 level admin`,
    // after a reload the old worker leaves its clients' idle connections to them
    '    close-spread-time infinite',
    ...presetLines(proxy),
  ];
  const identity = root ? ['    uid 65534', '    gid 65534'] : [];
  return [...lines, ...identity, ...snippet(proxy, 'global')];
}

function statistics(proxy: FarmEntry['proxy']): string[] {
  const { stats: port } = proxy;
  if (port === undefined) return [];
  const page = ['    mode http', '    stats enable', '    stats uri /'];
  return ['', 'listen stats', `    bind :${port}`, ...socketLines(proxy, port), ...page];
}
