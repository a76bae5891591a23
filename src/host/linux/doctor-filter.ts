import { type Finding, ok, warn } from './doctor-finding.js';
import { findProgram } from './process/programs.js';
import { run } from './process/run.js';
import { readText } from './read.js';

/** The sysctl net.bridge.bridge-nf-call-iptables; not there without the module br_netfilter. */
const CALLED = '/proc/sys/net/bridge/bridge-nf-call-iptables';

const NAME = 'packet filter';

/**
 * baleine sets no rule, but those of others may stand between its containers: dockerd has the
 * kernel show bridged packets to iptables(8), and drops what it does not know.
 */
export async function filterFinding(): Promise<Finding> {
  const program = findProgram('iptables');
  if (readText(CALLED)?.trim() !== '1' || !program)
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
