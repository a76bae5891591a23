import { checkProxy } from './proxy.js';
import type { Subject } from './subject.js';

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
