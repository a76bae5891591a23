import { EGRESS_ID } from '../../../model/egress.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { macOf } from '../../../model/mac.js';
import type { LinkSpec } from '../../../model/specs.js';
import type { Wiring } from '../../ports.js';
import { type IpLine, runBatch } from './batch.js';
import { type Fault, faultsOf } from './check.js';
import { configureEgress } from './egress.js';
import { configureGuests, ignoreAdvertisements } from './guest.js';
import { type Netns, readNetns } from './netns.js';
import { type IpLink, mtuOf, readLinks } from './observe-links.js';
import { securePorts } from './port-security.js';
import { createNamespaces, type NamespaceHolder } from './userns.js';

/**
 * Network namespaces and veth pairs of any number of containers. Correct links are left alone, so a
 * link can be added to a running container. Those that failed in the batch are retried alone, after
 * recreating the faulty links; the error then has the reason.
 */
export async function wire(paths: InstallPaths, wirings: Wiring[]): Promise<(Error | undefined)[]> {
  if (wirings.length === 0) return [];
  const first = await attempt(paths, wirings, new Set());
  const results: (Error | undefined)[] = [];
  for (const [index, wiring] of wirings.entries()) {
    const faults = first.faults[index] ?? [];
    results.push(
      (faults.length > 0 ? await retry(paths, wiring, faults) : undefined) ??
        (wiring.egress && (await configureEgress(wiring, wiring.egress, readLinks()))),
    );
  }
  return results;
}

async function retry(
  paths: InstallPaths,
  wiring: Wiring,
  faults: Fault[],
): Promise<Error | undefined> {
  const remake = new Set(faults.flatMap(({ link }) => (link === undefined ? [] : [link])));
  const { faults: after, complaint } = await attempt(paths, [wiring], remake);
  const reasons = (after[0] ?? []).map(({ reason }) => reason);
  if (reasons.length === 0) return undefined;
  const cause = [...reasons, complaint].filter(Boolean).join('; ');
  return new Error(`cannot wire network namespace ${wiring.netns}: ${cause}`);
}

/** Configures the host side in one process and the guests in a few, then reads the host again. */
async function attempt(paths: InstallPaths, wirings: Wiring[], remake: Set<string>) {
  const links = byName(readLinks());
  const netns = readNetns();
  const host = await withHolders(wirings, netns, (holders) =>
    runBatch(wirings.flatMap((each) => hostLines(each, links, netns, holders, remake))),
  );
  const deaf = await ignoreAdvertisements(wirings);
  const macs = new Map([...links.values()].map(({ name, mac }) => [name, mac]));
  // before anything inside can send
  const secured = await securePorts(
    wirings.flatMap((each) => each.links),
    links,
  );
  const guests = await configureGuests(paths, wirings, macs);
  const after = byName(readLinks());
  return {
    faults: wirings.map((wiring) => [
      ...faultsOf(wiring, after, guests.seen.get(wiring.netns)),
      ...(deaf.has(wiring.netns)
        ? [{ reason: `router advertisements cannot be ignored: ${deaf.get(wiring.netns)}` }]
        : []),
    ]),
    complaint: [host.complaint, secured, guests.complaint].filter(Boolean).join('; '),
  };
}

/** Commands in an order that the next run can complete wherever they stop. */
function hostLines(
  { netns, links }: Wiring,
  seen: Map<string, IpLink>,
  namespaces: Netns,
  holders: Holders,
  remake: Set<string>,
): IpLine[] {
  return [
    ...(namespaces.broken(netns) ? [['netns', 'delete', netns]] : []),
    ...(namespaces.mounted(netns) ? [] : [netnsLine(netns, holders)]),
    ...links.flatMap((link) => {
      const there = seen.get(link.link);
      // A veth pair with both ends here never reached its container, or came back from it.
      const useless = there && (remake.has(link.link) || !there.elsewhere);
      const removal = useless ? [['link', 'delete', 'dev', link.link]] : [];
      return [...removal, ...vethLines(link, netns, useless ? undefined : there)];
    }),
  ];
}

/** Its program is root there, and only there. */
const OWN_ID = { first: EGRESS_ID, count: 1 };

type Holders = ReadonlyMap<string, NamespaceHolder>;

/** Runs `work` while processes hold the new namespaces open. */
async function withHolders<T>(
  wirings: Wiring[],
  namespaces: Netns,
  act: (holders: Holders) => Promise<T>,
): Promise<T> {
  const holders = new Map<string, NamespaceHolder>();
  try {
    for (const { netns, userns, egress } of wirings) {
      if (namespaces.mounted(netns)) continue;
      if (egress) holders.set(netns, await createNamespaces(OWN_ID, EGRESS_ID));
      else if (userns) holders.set(netns, await createNamespaces(userns));
    }
    return await act(holders);
  } finally {
    for (const holder of holders.values()) await holder.release();
  }
}

function netnsLine(netns: string, holders: Holders): IpLine {
  const holder = holders.get(netns);
  return holder ? ['netns', 'attach', netns, String(holder.pid)] : ['netns', 'add', netns];
}

function vethLines(spec: LinkSpec, netns: string, there: IpLink | undefined): IpLine[] {
  const { link, bridge_link: bridge, alias } = spec;
  const naming = ['link', 'set', 'dev', link, 'alias', alias];
  const mtu = `${mtuOf(spec)}`;
  if (!there) {
    const peer = ['peer', 'name', spec.device, 'mtu', mtu, 'address', macOf(spec), 'netns', netns];
    const own = ['name', link, 'mtu', mtu, 'up', 'master', bridge];
    return [['link', 'add', ...own, 'type', 'veth', ...peer], naming];
  }
  return [
    ...(there.alias === alias ? [] : [naming]),
    ...(there.master === bridge ? [] : [['link', 'set', 'dev', link, 'master', bridge]]),
    ...(`${there.mtu}` === mtu ? [] : [['link', 'set', 'dev', link, 'mtu', mtu]]),
    ...(there.up ? [] : [['link', 'set', 'dev', link, 'up']]),
  ];
}

const byName = (links: IpLink[]) => new Map(links.map((link) => [link.name, link]));
