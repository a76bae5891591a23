import type { Site } from '../../model/site.js';
import { filterFinding } from './doctor-filter.js';
import type { Finding } from './doctor-finding.js';
import { cronFinding, nodeFinding, rootFinding, runFinding, spaceFinding } from './doctor-host.js';
import { cgroupFindings, kernelFindings } from './doctor-kernel.js';
import { programFindings, runtimeFinding, seccompFinding } from './doctor-programs.js';
import { forwardingFinding } from './forwarding.js';

/** What the host has and lacks of what baleine needs. Changes nothing but its own probe's cache. */
export async function examine(site: Site): Promise<Finding[]> {
  return [
    rootFinding(process.getuid?.()),
    nodeFinding(process.versions.node),
    ...(await kernelFindings()),
    ...cgroupFindings(),
    await filterFinding(),
    forwardingFinding(),
    ...(await programFindings()),
    await runtimeFinding(site),
    seccompFinding(),
    runFinding(),
    spaceFinding(site.root),
    cronFinding(),
  ];
}

export type { Finding };
