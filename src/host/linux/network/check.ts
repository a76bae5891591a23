import { macOf } from '../../../model/mac.js';
import { portFault } from '../../../model/port-security.js';
import type { LinkSpec } from '../../../model/specs.js';
import type { Wiring, Withdrawn } from '../../ports.js';
import { fixedAddresses } from './fixed-addresses.js';
import type { Guest } from './guest.js';
import { type IpLink, mtuOf } from './observe-links.js';

export interface Fault {
  /** Host end of the faulty link; absent if the namespace itself is faulty. */
  link?: string;
  reason: string;
}

type FixedOf = ReturnType<typeof fixedAddresses>;

/** Differences between the desired wiring and what the kernel reports on both sides. */
export function faultsOf(
  { links, withdrawn = [] }: Wiring,
  host: Map<string, IpLink>,
  guest: Guest | undefined,
  fixed: FixedOf = fixedAddresses(),
): Fault[] {
  if (!guest) return [{ reason: 'it cannot be entered' }];
  const loopback = guest.links.find(({ name }) => name === 'lo');
  return [
    ...(loopback?.up ? [] : [{ reason: 'lo is down' }]),
    ...withdrawn.flatMap((each) => withdrawnFaults(each, guest)),
    ...links.flatMap((link) => {
      const reason = hostFault(link, host.get(link.link), fixed) ?? guestFault(link, host, guest);
      return reason === undefined ? [] : [{ link: link.link, reason }];
    }),
  ];
}

function withdrawnFaults(
  { device, gateway, gateway6, address6 }: Withdrawn,
  { links, routes }: Guest,
): Fault[] {
  const left = [gateway, gateway6].find(
    (each) =>
      each !== undefined && routes.some((route) => route.gateway === each && route.dev === device),
  );
  const seen = links.find(({ name }) => name === device);
  return [
    ...(left === undefined ? [] : [{ reason: `its default route via ${left} stays` }]),
    ...(address6 !== undefined && seen?.addresses6?.includes(address6)
      ? [{ reason: `its address ${address6} stays` }]
      : []),
  ];
}

function hostFault(wanted: LinkSpec, seen: IpLink | undefined, fixed: FixedOf): string | undefined {
  const { link, bridge_link: bridge, alias } = wanted;
  if (!seen) return `veth ${link} is missing`;
  if (seen.kind !== 'veth' || !seen.elsewhere) return `${link} is no veth into a container`;
  if (seen.master !== bridge) return `${link} is not on ${bridge}`;
  if (seen.alias !== alias) return `${link} has not our alias`;
  if (!seen.up) return `${link} is down`;
  if (seen.mtu !== mtuOf(wanted)) return `${link} has an MTU of ${seen.mtu}`;
  const fault = portFault(wanted, seen.port, fixed(bridge));
  return fault && `${link} ${fault}`;
}

function guestFault(
  wanted: LinkSpec,
  host: Map<string, IpLink>,
  { links, routes }: Guest,
): string | undefined {
  const { device, address, address6, gateway, gateway6, link } = wanted;
  const seen = links.find(({ name }) => name === device);
  if (!seen) return `${device} is missing inside`;
  if (seen.peer !== host.get(link)?.index) return `${device} is not the other end of ${link}`;
  if (seen.mac !== macOf(wanted)) return `${device} has not the address ${macOf(wanted)}`;
  if (!seen.up) return `${device} is down`;
  if (seen.mtu !== mtuOf(wanted)) return `${device} has an MTU of ${seen.mtu}`;
  if (seen.addresses.join() !== (address ?? '')) {
    return `${device} has ${seen.addresses.join(', ') || 'no address'}, not ${address ?? 'none'}`;
  }
  if (address6 !== undefined && !seen.addresses6?.includes(address6)) {
    return `${device} has not the address ${address6}`;
  }
  const lacking = [gateway, gateway6].find(
    (each) =>
      each !== undefined && !routes.some((route) => route.gateway === each && route.dev === device),
  );
  return lacking === undefined ? undefined : `no default route via ${lacking}`;
}
