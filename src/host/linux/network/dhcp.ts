import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lease, parseLease } from '../../../model/dhcp.js';
import { findProgram } from '../process/programs.js';
import { runSync } from '../process/run.js';
import { readLinks } from './observe-links.js';

/** udhcpc runs this as its script `bound`; it says what the server said, and changes nothing. */
const SCRIPT = 'printf "router=%s\\ndns=%s\\n" "$router" "$dns"\n';

/** Questions, and seconds between: a server may take some to see whether an address is free. */
const PATIENCE = ['-t', '4', '-T', '3'];

/** Milliseconds, more than these. */
const LIMIT = 20_000;

/**
 * Asks the DHCP server of an interface's network for its router and name servers, with busybox's
 * udhcpc, which leaves the interface as it is. The server keeps an address for it until the lease
 * ends.
 *
 * @returns why there is no answer, in place of one
 */
export function askLease(uplink: string): Lease | string {
  if (!findProgram('busybox')) {
    return 'busybox, whose udhcpc asks for it, is not installed: apt-get install busybox-static';
  }
  const link = readLinks().find(({ name }) => name === uplink);
  if (!link) return `this host has no interface ${uplink}`;
  if (!link.up) return `interface ${uplink} is down: ip link set dev ${uplink} up`;
  // /bin/sh reads the script, from its working folder: /run may be mounted noexec
  const cwd = mkdtempSync(join(tmpdir(), 'baleine-dhcp-'));
  try {
    writeFileSync(join(cwd, 'bound'), SCRIPT, { mode: 0o600 });
    for (const each of ['deconfig', 'leasefail', 'nak', 'renew'])
      writeFileSync(join(cwd, each), '');
    // as a port of a bridge it has no traffic of its own
    const asked = ['udhcpc', '-f', '-n', '-q', '-i', link.master ?? uplink];
    const options = { cwd, reject: false, timeout: LIMIT, maxOutput: 65_536 };
    const { code, stdout } = runSync('busybox', [...asked, ...PATIENCE, '-s', '/bin/sh'], options);
    return code === 0 ? parseLease(stdout) : `no DHCP server answers on ${uplink}`;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
