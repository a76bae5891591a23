import type { FarmEntry } from '../model/config.js';
import { directPorts, formatHostPort, socketVariable } from '../model/publish.js';

/** Lines of HAProxy's configuration that a farm's options ask for, section by section. */
type ProxyEntry = FarmEntry['proxy'];

export function defaultsFor(proxy: ProxyEntry): string[] {
  const { mode, access_log: logged } = proxy;
  return [
    ...(mode === 'http' ? HTTP_DEFAULTS : TCP_DEFAULTS),
    ...(logged ? [`    option ${mode}log`, '    option dontlognull'] : []),
    ...snippet(proxy, 'defaults'),
  ];
}

/** Milliseconds that a client may keep a connection that it asks nothing by. */
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

/** Nobody knows when such a connection is idle for too long; a vanished client the kernel finds out. */
const TCP_DEFAULTS = [
  '    timeout connect 2s',
  '    timeout client 1h',
  '    timeout server 1h',
  '    option clitcpka',
];

/** @param certificate where it finds its certificate, when it has one */
export function listenLines(proxy: ProxyEntry, certificate: string): string[] {
  const { listen, tls, mode } = proxy;
  const protocols = mode === 'http' ? ' alpn h2,http/1.1' : '';
  const words = ` ssl crt ${certificate} ssl-min-ver TLSv1.2${protocols}`;
  return [
    `    bind :${listen}${headerAt(proxy, listen)}`,
    ...socketLines(proxy, listen),
    ...(tls ? [`    bind :${tls.listen}${words}${headerAt(proxy, tls.listen)}`] : []),
    ...(tls ? socketLines(proxy, tls.listen, words) : []),
    ...(tls?.redirect ? [`    http-request redirect ${redirection(tls.listen)}`] : []),
    ...(mode === 'http' ? HTTP_RULES : []),
    ...(tls && mode === 'http'
      ? ['    http-request set-header X-Forwarded-Proto https if { ssl_fc }']
      : []),
  ];
}

/** A connection that is only closed may have its next request on the way. */
const HTTP_RULES = ['    http-after-response set-header connection close if { stopping }'];

/** To the same name at the other port. */
function redirection(port: number): string {
  const when = 'code 301 unless { ssl_fc }';
  return port === 443
    ? `scheme https ${when}`
    : `location https://%[req.hdr(host),field(1,:)]:${port}%[capture.req.uri] ${when}`;
}

/** The forwarder tells it the client's address; who comes another way has to do the same. */
function headerAt({ publish = [] }: ProxyEntry, port: number): string {
  const told = publish.some(({ target, proxy_protocol }) => target === port && proxy_protocol);
  return told ? ' accept-proxy' : '';
}

/** A hash that moves few clients when servers come and go; nothing to lose when it reloads. */
export function balanceLines(proxy: ProxyEntry): string[] {
  return [
    `    balance ${proxy.balance}`,
    ...(proxy.sticky === 'source' ? ['    hash-type consistent'] : []),
    ...(proxy.sticky === 'cookie' ? [`    cookie ${COOKIE} insert indirect nocache httponly`] : []),
    ...snippet(proxy, 'backend'),
  ];
}

const COOKIE = 'baleine';

/** What a server's line has for its client to be known again. */
export const stickyWord = ({ sticky }: ProxyEntry, server: string): string =>
  sticky === 'cookie' ? ` cookie ${server}` : '';

/** As given, line by line. */
export function snippet(
  { snippets }: ProxyEntry,
  section: keyof NonNullable<ProxyEntry['snippets']>,
) {
  const lines = snippets?.[section]?.split('\n').map((line) => line.trim()) ?? [];
  return lines.filter(Boolean).map((line) => `    ${line}`);
}

/**
 * How a proxy listens on the host: it is started with sockets that listen there, and a variable
 * says which descriptor is which (`fd@3`; HAProxy 2.6 Configuration Manual, `bind`). Where the
 * variable is missing, in a check of the text and until a proxy with other ports is started anew,
 * it listens where nobody asks.
 */
export function presetLines(proxy: ProxyEntry): string[] {
  return directPorts(proxy).map(
    (each) => `    presetenv ${socketVariable(each)} 127.0.0.1:${each.published}`,
  );
}

/** @param words what follows the address, with a space before */
export function socketLines(proxy: ProxyEntry, target: number, words = ''): string[] {
  return directPorts(proxy)
    .filter((each) => each.target === target)
    .map(
      (each) =>
        `    bind "\${${socketVariable(each)}}"${words} # ${formatHostPort(each)} of the host`,
    );
}
