import { type Finding, ok, warn } from '../doctor/finding.js';
import { readText } from '../files/read.js';

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';

/** Whether the host routes between its networks (ip_forward of the kernel's ip-sysctl.rst). */
export const forwards = (): boolean => readText(IP_FORWARD)?.trim() === '1';

/** The same for IPv6. */
export const forwards6 = (): boolean =>
  readText('/proc/sys/net/ipv6/conf/all/forwarding')?.trim() === '1';

/**
 * baleine never enables forwarding, but Docker, libvirt and VPNs do. Containers on a bridge where
 * the host has an address can then reach whatever the host can: it is their default route.
 */
export function forwardingFinding(isOn = forwards(), isOn6 = forwards6()): Finding {
  if (!isOn && !isOn6)
    return ok('forwarding', 'off: containers reach no other network through this host');
  return warn(
    'forwarding',
    `${isOn ? 'ip_forward' : 'net.ipv6.conf.all.forwarding'} is 1: containers on a bridge with a host address reach this host’s other networks, other bridges among them`,
    isOn
      ? 'leave out `host:`, or sysctl -w net.ipv4.conf.BRIDGE.forwarding=0 for the bridge’s interface'
      : 'leave out `host:` and `host6:`',
  );
}
