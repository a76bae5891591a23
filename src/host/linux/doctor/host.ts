import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatBytes } from '../../../model/format.js';
import { readMounts } from '../disks/mount-table.js';
import { readText } from '../files/read.js';
import { findProgram } from '../process/programs.js';
import { run } from '../process/run.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** As in `engines` of package.json. */
const NODE = [20, 19] as const;

/** Bytes; enough for a minimal Debian tree and a few disks. */
const MIN_FREE = 2 ** 30;

export function rootFinding(uid: number | undefined): Finding {
  return uid === 0 ? ok('root', 'yes') : fail('root', `runs as user ${uid}`, 'sudo baleine doctor');
}

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  if (enough) return ok('node', version);
  return fail('node', `${version} is too old`, `install Node.js ${NODE.join('.')} or newer`);
}

/**
 * Bundles, mount points and network namespaces must disappear at reboot, as the kernel's objects
 * do.
 */
export function runFinding(): Finding {
  const mounts = readMounts().filter(({ path }) => path === '/run');
  const type = mounts.at(-1)?.type;
  if (type === 'tmpfs') return ok('/run', 'on tmpfs');
  const detail = `on ${type ?? 'the root file system'}: survives a reboot`;
  return warn('/run', detail, 'mount -t tmpfs -o mode=755 tmpfs /run   # early at boot');
}

/** Of the file system that holds `root`, or will hold it. */
export function spaceFinding(root: string): Finding {
  let dir = root;
  while (!existsSync(dir)) dir = dirname(dir);
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const detail = `${formatBytes(free)} free for ${root}`;
  if (free >= MIN_FREE) return ok('space', detail);
  return warn('space', detail, `free some space, or use another root: baleine --root DIR`);
}

/** Without cron, nobody runs `baleine apply` again after a failure. */
export function cronFinding(): Finding {
  const names = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readText(`/proc/${pid}/comm`)?.trim());
  if (names.some((name) => name === 'cron' || name === 'crond')) return ok('cron', 'running');
  const fix = 'apt-get install cron && service cron start';
  return warn('cron', 'not running: nothing heals by itself', fix);
}

/** Whether iptables sees bridged packets; exists only if the module br_netfilter is loaded. */
const BRIDGE_NF_CALL = '/proc/sys/net/bridge/bridge-nf-call-iptables';

const NAME = 'packet filter';

/**
 * baleine sets no firewall rules, but other programs' rules may block traffic between its
 * containers: dockerd makes the kernel pass bridged packets through iptables(8), and drops unknown
 * ones.
 */
export async function filterFinding(): Promise<Finding> {
  const program = findProgram('iptables');
  if (readText(BRIDGE_NF_CALL)?.trim() !== '1' || !program)
    return ok(NAME, 'bridges are none of its affair');
  const { code, stdout } = await run(program, ['-w', '-S', 'FORWARD'], { reject: false });
  if (code !== 0) return ok(NAME, 'bridged packets go through iptables, which does not answer');
  if (!/^-P FORWARD DROP$/m.test(stdout)) return ok(NAME, 'lets bridged packets pass');
  return warn(
    NAME,
    'iptables drops what it does not know, and is asked of bridged packets: containers may not reach each other',
    'sysctl -w net.bridge.bridge-nf-call-iptables=0',
  );
}
