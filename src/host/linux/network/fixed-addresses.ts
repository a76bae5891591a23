import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FixedAddresses } from '../../../model/port-security.js';
import { ifThere, readText } from '../files/read.js';

/** Reads what is fixed of each bridge at most once; runs no program. */
export function fixedAddresses(): (bridge: string) => FixedAddresses {
  const known = new Map<string, FixedAddresses>();
  let all: ReadonlyMap<string, Map<string, string>> | undefined;
  return (bridge) => {
    const cached = known.get(bridge);
    if (cached) return cached;
    all ??= fixedNeighbors(readText('/proc/self/net/arp') ?? '');
    const found = { ports: fixedPorts(bridge), neighbors: all.get(bridge) ?? new Map() };
    known.set(bridge, found);
    return found;
  };
}

/** linux/if_bridge.h, struct __fdb_entry: the kernel's own form of a forwarding table. */
const ENTRY = { size: 16, port: 6, isLocal: 7, age: 8, portHigh: 12 } as const;

/** Undefined if /sys belongs to another network namespace, or is not mounted. */
function fixedPorts(bridge: string): Map<string, number> | undefined {
  const bytes = ifThere(() => readFileSync(join('/sys/class/net', bridge, 'brforward')));
  return bytes && portsIn(bytes);
}

/**
 * Ports by the MAC address behind them. An entry that was learned has an age, except in the hundredth
 * of a second in which it was heard of, and the addresses of the bridge and its ports are local.
 */
export function portsIn(bytes: Buffer): Map<string, number> {
  const ports = new Map<string, number>();
  for (let at = 0; at + ENTRY.size <= bytes.length; at += ENTRY.size) {
    const isFixed = bytes[at + ENTRY.isLocal] === 0 && bytes.readUInt32LE(at + ENTRY.age) === 0;
    if (!isFixed) continue;
    const mac = bytes.toString('hex', at, at + 6).replace(/..(?!$)/g, '$&:');
    ports.set(mac, (bytes[at + ENTRY.port] ?? 0) + ((bytes[at + ENTRY.portHigh] ?? 0) << 8));
  }
  return ports;
}

/** See Probe. */
export function fixedNeighborsOf(pid: number): Map<string, Map<string, string>> | undefined {
  const text = readText(`/proc/${pid}/net/arp`);
  return text === undefined ? undefined : fixedNeighbors(text);
}

/** Complete and permanent (ATF_COM, ATF_PERM of linux/if_arp.h). */
const PERMANENT = 0x06;

/** MAC addresses by address, by device: lines `10.77.1.4 0x1 0x6 02:42:… * br0` (proc_pid_net(5)). */
export function fixedNeighbors(text: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const line of text.split('\n').slice(1)) {
    const [address, , flags, mac, , device] = line.split(/ +/);
    if (!address || !mac || !device || Number(flags) !== PERMANENT) continue;
    const of = found.get(device) ?? new Map<string, string>();
    found.set(device, of.set(address, mac));
  }
  return found;
}
