import type { FarmEntry } from '../../model/config.js';
import { directPorts } from '../../model/publish.js';
import type { Problems } from '../problem.js';
import type { Subject } from './validation-context.js';

type ProxyEntry = FarmEntry['proxy'];
type At = (...keys: string[]) => string[];

/** Options of a farm's proxy that go together. */
export function checkProxy(farm: string, proxy: ProxyEntry, problems: Problems): void {
  const at: At = (...keys) => ['farms', farm, 'proxy', ...keys];
  checkPorts(proxy, at, problems);
  checkMode(proxy, at, problems);
  checkHeaders(proxy, at, problems);
  checkSnippets(proxy, at, problems);
  if (proxy.sticky === 'source' && proxy.balance !== 'source') {
    const message = `sticky: source is a way to balance, and so is ${proxy.balance}`;
    problems.atValue(at('sticky'), message, 'take one of the two away');
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
      problems.atValue(path, `port ${port} is already one the proxy listens on`);
    }
    taken.add(port);
  }
}

/** A proxy that only passes bytes on knows of no requests. */
function checkMode({ mode, sticky, tls }: ProxyEntry, at: At, problems: Problems): void {
  if (mode === 'http') return;
  const hint = 'take it away, or have mode: http';
  if (sticky === 'cookie') problems.atValue(at('sticky'), 'mode tcp has no cookies', hint);
  if (tls?.redirect) {
    problems.atValue(at('tls', 'redirect'), 'mode tcp has no redirections', hint);
  }
}

/** One port either expects the header from the forwarder or does not. */
function checkHeaders(proxy: ProxyEntry, at: At, problems: Problems): void {
  const { publish = [] } = proxy;
  const own = new Set(directPorts(proxy));
  /** Of each target, what the first that the forwarder carries says. */
  const first = new Map<number, boolean | undefined>();
  for (const each of publish) {
    if (!own.has(each) && !first.has(each.target)) first.set(each.target, each.proxy_protocol);
  }
  publish.forEach((entry, index) => {
    const { target, proxy_protocol } = entry;
    if (own.has(entry) || first.get(target) === proxy_protocol) return;
    problems.atValue(
      [...at('publish'), String(index)],
      `port ${target} is published with proxy_protocol and without`,
      'the proxy expects it from all or from none',
    );
  });
}

/** They begin a section of their own (HAProxy's Configuration Manual, 2.1). */
const SECTION =
  /^(global|defaults|frontend|backend|listen|userlist|peers|mailers|resolvers|program|cache|ring|http-errors|fcgi-app|log-forward|crt-store)(\s|$)/;

function checkSnippets({ snippets = {} }: ProxyEntry, at: At, problems: Problems): void {
  for (const [section, text] of Object.entries(snippets)) {
    const line = text.split('\n').find((each) => SECTION.test(each.trim()));
    if (line === undefined) continue;
    const message = `a snippet adds to its section; ${JSON.stringify(line.trim())} begins another`;
    problems.atValue(at('snippets', section), message);
  }
}

/** The proxy can reach its servers: a bridge with addresses on which both are. */
export function checkFarms(subject: Subject): void {
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
      const hint = `add one of theirs to its bridges: ${reachable.join(', ')}`;
      subject.problems.atKey(['farms', name, 'proxy'], message, hint);
    }
    checkProxy(name, proxy, subject.problems);
  }
}

/** An unknown bridge is complained of elsewhere; what an external one has is not in the file. */
function givesAddresses({ bridges }: Subject, name: string): boolean {
  const bridge = Object.hasOwn(bridges, name) ? bridges[name] : undefined;
  return !bridge || bridge.external === true || bridge.subnet !== undefined;
}
