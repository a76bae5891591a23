import type { FarmEntry } from '../../model/config.js';
import { directPorts } from '../../model/publish.js';
import type { Problems } from '../problem.js';
import type { ValidationContext } from './validation-context.js';

type ProxyEntry = FarmEntry['proxy'];
type At = (...keys: string[]) => string[];

/** Options of a farm's proxy that depend on each other. */
export function checkProxy(farm: string, proxy: ProxyEntry, problems: Problems): void {
  const at: At = (...keys) => ['farms', farm, 'proxy', ...keys];
  checkPorts(proxy, at, problems);
  checkMode(proxy, at, problems);
  checkHeaders(proxy, at, problems);
  checkSnippets(proxy, at, problems);
  if (proxy.sticky === 'source' && proxy.balance !== 'source') {
    const message = `sticky: source sets how to balance, and so does balance: ${proxy.balance}`;
    problems.atValue(at('sticky'), message, 'remove one of them');
  }
}

function checkPorts({ listen, tls, stats }: ProxyEntry, at: At, problems: Problems): void {
  const taken = new Set([listen]);
  for (const [port, path] of [
    [tls?.listen, at('tls', 'listen')],
    [stats, at('stats')],
  ] as const) {
    if (port === undefined) continue;
    if (taken.has(port)) {
      problems.atValue(path, `port ${port} is already used by the proxy`);
    }
    taken.add(port);
  }
}

/** A proxy that forwards bytes (mode tcp) has no requests. */
function checkMode({ mode, sticky, tls }: ProxyEntry, at: At, problems: Problems): void {
  if (mode === 'http') return;
  const hint = 'take it away, or have mode: http';
  if (sticky === 'cookie') problems.atValue(at('sticky'), 'mode tcp has no cookies', hint);
  if (tls?.redirect) {
    problems.atValue(at('tls', 'redirect'), 'mode tcp has no redirections', hint);
  }
}

/** A port either expects the header from the forwarder or does not. */
function checkHeaders(proxy: ProxyEntry, at: At, problems: Problems): void {
  const { publish = [] } = proxy;
  const own = new Set(directPorts(proxy));
  /** For each target port, the first setting among the forwarded ones. */
  const first = new Map<number, boolean | undefined>();
  const streams = publish.filter(({ protocol }) => !protocol);
  for (const each of streams) {
    if (!own.has(each) && !first.has(each.target)) first.set(each.target, each.proxy_protocol);
  }
  publish.forEach((entry, index) => {
    const { target, proxy_protocol, protocol } = entry;
    if (protocol || own.has(entry) || first.get(target) === proxy_protocol) return;
    problems.atValue(
      [...at('publish'), String(entry.at ?? index)],
      `port ${target} is published with proxy_protocol and without`,
      'the proxy expects it from all or from none',
    );
  });
}

/** These start a new section (HAProxy's Configuration Manual, 2.1). */
const SECTION =
  /^(global|defaults|frontend|backend|listen|userlist|peers|mailers|resolvers|program|cache|ring|http-errors|fcgi-app|log-forward|crt-store)(\s|$)/;

function checkSnippets({ snippets = {} }: ProxyEntry, at: At, problems: Problems): void {
  for (const [section, text] of Object.entries(snippets)) {
    const line = text.split('\n').find((each) => SECTION.test(each.trim()));
    if (line === undefined) continue;
    const message = `a snippet extends its section; ${JSON.stringify(line.trim())} starts another`;
    problems.atValue(at('snippets', section), message);
  }
}

/** The proxy can reach its servers through a common bridge with addresses. */
export function checkFarms(subject: ValidationContext): void {
  for (const [name, { servers, proxy }] of Object.entries(subject.farms)) {
    const reachable = Object.keys(servers.bridges).filter((each) => givesAddresses(subject, each));
    if (reachable.length === 0) {
      const message = `the servers of farms.${name} need a bridge with a subnet`;
      subject.problems.atKey(
        ['farms', name, 'servers'],
        message,
        'the proxy reaches them by address',
      );
    } else if (!reachable.some((each) => Object.hasOwn(proxy.bridges, each))) {
      const message = `the proxy of farms.${name} shares no bridge with its servers`;
      const hint = `add one of the servers' bridges to the proxy: ${reachable.join(', ')}`;
      subject.problems.atKey(['farms', name, 'proxy'], message, hint);
    }
    checkProxy(name, proxy, subject.problems);
  }
}

/**
 * Unknown bridges are reported elsewhere; the file does not contain an external bridge's subnet.
 */
function givesAddresses({ bridges }: ValidationContext, name: string): boolean {
  const bridge = Object.hasOwn(bridges, name) ? bridges[name] : undefined;
  return !bridge || bridge.external === true || (bridge.subnet ?? bridge.subnet6) !== undefined;
}
