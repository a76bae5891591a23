import type { InstallPaths } from '../../../model/install-paths.js';
import { udpForwarderFinding } from '../haproxy/udp.js';
import { tunFinding } from '../network/egress.js';
import { forwardingFinding } from '../network/forwarding.js';
import { portFinding } from '../network/port-security.js';
import type { Finding } from './finding.js';
import {
  cronFinding,
  filterFinding,
  nodeFinding,
  rootFinding,
  runFinding,
  spaceFinding,
} from './host.js';
import { cgroupFindings, kernelFindings } from './kernel.js';
import {
  checkpointFinding,
  programFindings,
  runtimeFinding,
  seccompFinding,
  wasmFinding,
} from './programs.js';

/** Checks the host for everything that baleine needs. Changes nothing but its own runtime cache. */
export async function diagnose(paths: InstallPaths): Promise<Finding[]> {
  return [
    rootFinding(process.getuid?.()),
    nodeFinding(process.versions.node),
    ...(await kernelFindings()),
    ...cgroupFindings(),
    await filterFinding(),
    forwardingFinding(),
    tunFinding(),
    await portFinding(),
    udpForwarderFinding(),
    ...(await programFindings()),
    await runtimeFinding(paths),
    await checkpointFinding(),
    wasmFinding(),
    seccompFinding(),
    runFinding(),
    spaceFinding(paths.root),
    cronFinding(),
  ];
}

export type { Finding };
