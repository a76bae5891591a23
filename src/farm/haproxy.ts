import type { FarmEntry, HttpTest } from '../model/config.js';
import { inBrackets } from '../model/publish.js';
import {
  type Discovery,
  discoveredLines,
  resolversSection,
  withDynamicCookies,
} from './discovery.js';
import {
  balanceLines,
  bindLines,
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
  /** Receives no requests until it is enabled. */
  disabled?: true;
}

export const backendOf = (farm: string) => `${farm}-servers`;

/**
 * Path in the container: exists in every image, is writable by every user, and is not on the disk.
 */
export const PROXY_SOCKET = '/dev/shm/proxy.sock';

/**
 * The proxy's configuration (HAProxy 2.6 Configuration Manual). An unreachable server causes no
 * client errors: the connection is retried on another server.
 *
 * @param upstreams its servers, or how it finds them
 * @param certificate path of its certificate, if it has one
 * @param hasIpv6 whether it has an IPv6 address
 */
export function haproxyConfig(
  farm: string,
  { servers, proxy }: FarmEntry,
  upstreams: Upstream[] | Discovery,
  certificate = '',
  hasIpv6 = false,
): string {
  const found = Array.isArray(upstreams) ? undefined : upstreams;
  const balance = balanceLines(proxy);
  const serverLines = Array.isArray(upstreams)
    ? upstreams.map((each) => serverLine(each, proxy))
    : discoveredLines(upstreams, proxy.sticky === 'cookie');
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
    ...listenLines(proxy, certificate, hasIpv6),
    ...snippet(proxy, 'frontend'),
    `    default_backend ${backendOf(farm)}`,
    '',
    `backend ${backendOf(farm)}`,
    ...(found ? withDynamicCookies(balance, farm, found) : balance),
    ...checks(servers),
    ...serverLines,
    ...(found ? resolversSection(found) : []),
    ...statistics(proxy, hasIpv6),
  ];
  return `${lines.join('\n')}\n`;
}

function serverLine(
  { name, address, port, disabled }: Upstream,
  proxy: FarmEntry['proxy'],
): string {
  const words = `${stickyWord(proxy, name)}${disabled ? ' disabled' : ''}`;
  return `    server ${name} ${inBrackets(address)}:${port}${words}`;
}

/**
 * The proxy takes a server out of rotation before the server's own health check restarts it: it
 * checks at least twice as often, and two failures suffice.
 */
function checks({ healthcheck, port }: FarmEntry['servers']): string[] {
  if (!healthcheck || 'exec' in healthcheck) return [`${DEFAULT} inter ${SLOWEST}ms`];
  const { interval, retries, timeout } = healthcheck;
  const inter = Math.max(FASTEST, Math.min(SLOWEST, Math.floor((interval * retries) / 4)));
  const checked = 'tcp' in healthcheck ? healthcheck.tcp : healthcheck.http.port;
  const place = checked === port ? '' : ` port ${checked}`;
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

/** Workers drop root. Numeric ids, because the image may lack such users. */
function globals(proxy: FarmEntry['proxy']): string[] {
  const { user, access_log: logged } = proxy;
  const root = user === undefined || /^(0|root)(:|$)/.test(user);
  const lines = [
    `    log stdout format raw local0 ${logged ? 'info' : 'notice'}`,
    `    stats socket ${PROXY_SOCKET} mode 600 level admin`,
    // after a reload, the old worker does not close its clients' idle connections itself
    '    close-spread-time infinite',
    ...presetLines(proxy),
  ];
  const identity = root ? ['    uid 65534', '    gid 65534'] : [];
  return [...lines, ...identity, ...snippet(proxy, 'global')];
}

function statistics(proxy: FarmEntry['proxy'], hasIpv6: boolean): string[] {
  const { stats: port } = proxy;
  if (port === undefined) return [];
  const page = ['    mode http', '    stats enable', '    stats uri /'];
  const listen = bindLines(port, '', hasIpv6);
  return ['', 'listen stats', ...listen, ...socketLines(proxy, port), ...page];
}
