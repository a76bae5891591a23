import type { FarmEntry } from '../model/config.js';
import { directPorts, formatHostPort, isIp6, socketVariable } from '../model/publish.js';

/** Lines of HAProxy's configuration for the options of a farm, section by section. */
type ProxyEntry = FarmEntry['proxy'];

export function defaultsFor(proxy: ProxyEntry): string[] {
  const { mode, access_log: logged } = proxy;
  return [
    ...(mode === 'http' ? HTTP_DEFAULTS : TCP_DEFAULTS),
    ...(logged ? [`    option ${mode}log`, '    option dontlognull'] : []),
    ...snippet(proxy, 'defaults'),
  ];
}

/** How long an idle client connection is kept, in milliseconds. */
export const KEEP_ALIVE = 10_000;

const HTTP_DEFAULTS = [
  '    retry-on conn-failure empty-response response-timeout',
  '    timeout connect 2s',
  '    timeout client 30s',
  '    timeout server 30s',
  '    timeout http-request 10s',
  '    option forwardfor',
  `    timeout http-keep-alive ${KEEP_ALIVE / 1000}s`,
];

/**
 * A TCP session can be idle for long, so the kernel's keep-alive detects vanished clients instead.
 */
const TCP_DEFAULTS = [
  '    timeout connect 2s',
  '    timeout client 1h',
  '    timeout server 1h',
  '    option clitcpka',
];

/**
 * Without an IPv6 address, the kernel may have no IPv6 at all.
 *
 * @param words options after the address, with a leading space
 */
export const bindLines = (port: number, words: string, hasIpv6: boolean): string[] => [
  `    bind :${port}${words}`,
  ...(hasIpv6 ? [`    bind [::]:${port} v6only${words}`] : []),
];

/** @param certificate path of its certificate, if it has one */
export function listenLines(proxy: ProxyEntry, certificate: string, hasIpv6: boolean): string[] {
  const { listen, tls, mode } = proxy;
  const protocols = mode === 'http' ? ' alpn h2,http/1.1' : '';
  const words = ` ssl crt ${certificate} ssl-min-ver TLSv1.2${protocols}`;
  return [
    ...bindLines(listen, headerAt(proxy, listen), hasIpv6),
    ...socketLines(proxy, listen),
    ...(tls ? bindLines(tls.listen, `${words}${headerAt(proxy, tls.listen)}`, hasIpv6) : []),
    ...(tls ? socketLines(proxy, tls.listen, words) : []),
    ...(tls?.redirect ? [`    http-request redirect ${redirection(tls.listen)}`] : []),
    ...(mode === 'http' ? HTTP_RULES : []),
    ...(tls && mode === 'http'
      ? ['    http-request set-header X-Forwarded-Proto https if { ssl_fc }']
      : []),
  ];
}

/**
 * The next request may already be on its way when a connection is closed, so the client is notified
 * first.
 */
const HTTP_RULES = ['    http-after-response set-header connection close if { stopping }'];

/** Redirects to the same name on the TLS port. */
function redirection(port: number): string {
  const when = 'code 301 unless { ssl_fc }';
  return port === 443
    ? `scheme https ${when}`
    : `location https://%[req.hdr(host),field(1,:)]:${port}%[capture.req.uri] ${when}`;
}

/**
 * The forwarder sends the client's address in a PROXY header; all other clients then have to send
 * one too.
 */
function headerAt({ publish = [] }: ProxyEntry, port: number): string {
  const expected = publish.some(({ target, proxy_protocol }) => target === port && proxy_protocol);
  return expected ? ' accept-proxy' : '';
}

/**
 * `sticky: source` uses a consistent hash, which moves few clients when servers change and needs no
 * state that a reload would lose.
 */
export function balanceLines(proxy: ProxyEntry): string[] {
  return [
    `    balance ${proxy.balance}`,
    ...(proxy.sticky === 'source' ? ['    hash-type consistent'] : []),
    ...(proxy.sticky === 'cookie' ? [`    cookie ${COOKIE} insert indirect nocache httponly`] : []),
    ...snippet(proxy, 'backend'),
  ];
}

const COOKIE = 'baleine';

/** The option of a server line that makes its clients recognizable. */
export const stickyWord = ({ sticky }: ProxyEntry, server: string): string =>
  sticky === 'cookie' ? ` cookie ${server}` : '';

/** The user's snippet, line by line. */
export function snippet(
  { snippets }: ProxyEntry,
  section: keyof NonNullable<ProxyEntry['snippets']>,
) {
  const lines = snippets?.[section]?.split('\n').map((line) => line.trim()) ?? [];
  return lines.filter(Boolean).map((line) => `    ${line}`);
}

/**
 * A proxy that listens on the host is started with listening sockets, and environment variables
 * that say which descriptor is which (`fd@3`; HAProxy 2.6 Configuration Manual, `bind`). These are
 * the fallbacks while a variable is missing, as when the text is checked or until a proxy with
 * other ports is restarted: unused addresses on localhost.
 */
export function presetLines(proxy: ProxyEntry): string[] {
  return directPorts(proxy).map(
    (each) =>
      `    presetenv ${socketVariable(each)} ${isIp6(each.host_ip) ? '127.0.0.2' : '127.0.0.1'}:${each.published}`,
  );
}

/** @param words options after the address, with a leading space */
export function socketLines(proxy: ProxyEntry, target: number, words = ''): string[] {
  return directPorts(proxy)
    .filter((each) => each.target === target)
    .map(
      (each) =>
        `    bind "\${${socketVariable(each)}}"${words} # ${formatHostPort(each)} of the host`,
    );
}
