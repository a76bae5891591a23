import type { LinkSpec } from './container-values.js';

/** A container's port of a bridge, as observed; bridge(8). */
export interface BridgePort {
  number: number;
  /** Remembers the source addresses of frames, whoever sends them. */
  learning: boolean;
  /** Drops frames whose source is not known to be here; absent on a kernel without (before 5.18). */
  locked?: boolean;
  /** Reaches no other isolated port. */
  isolated: boolean;
}

/** What the host has fixed of a bridge. Undefined: that cannot be read here. */
export interface FixedAddresses {
  /** Ports by the MAC address behind them. */
  ports: ReadonlyMap<string, number> | undefined;
  /** MAC addresses of the bridge's network by address, as the host itself uses them. */
  neighbors: ReadonlyMap<string, string> | undefined;
}

type Link = Pick<LinkSpec, 'address' | 'mac' | 'link' | 'port_security' | 'isolated'>;

/** Whether only its own MAC address may come from a container. */
export const isSecured = ({ port_security }: Pick<LinkSpec, 'port_security'>) =>
  port_security !== false;

/** Its address without prefix length. */
export const plainAddress = ({ address }: Pick<LinkSpec, 'address'>) => address?.split('/')[0];

/** What is wrong with the port of a link; undefined for nothing, or if nothing is known of it. */
export function portFault(
  link: Link,
  port: BridgePort | undefined,
  { ports, neighbors }: FixedAddresses,
): string | undefined {
  if (!port) return undefined;
  const { learning, locked, isolated, number } = port;
  if (isolated !== (link.isolated ?? false)) {
    return isolated ? 'is closed to other containers' : 'is open to other containers';
  }
  if (!isSecured(link)) {
    return !learning || locked ? 'accepts its own MAC address alone' : undefined;
  }
  if (learning || locked === false) return 'accepts any MAC address';
  const address = plainAddress(link);
  // what was fixed together is compared with each other: to derive a MAC address takes longer
  const mac = address === undefined ? undefined : neighbors?.get(address);
  if (address !== undefined && neighbors && mac === undefined) {
    return `lets another claim ${address} towards the host`;
  }
  const isKnown =
    !ports || (mac === undefined ? hasPort(ports, number) : ports.get(mac) === number);
  return isKnown ? undefined : 'does not know its MAC address';
}

function hasPort(ports: ReadonlyMap<string, number>, wanted: number): boolean {
  for (const number of ports.values()) if (number === wanted) return true;
  return false;
}
