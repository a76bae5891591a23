import { existsSync } from 'node:fs';
import { UDP_PROGRAMS } from '../../../model/publish.js';
import { type Finding, ok, warn } from '../doctor/finding.js';

const INSTALL = 'apt-get install libnginx-mod-stream';

const missing = () => UDP_PROGRAMS.find((each) => !existsSync(each));

/** See Preconditions. */
export function udpForwarderProblem(): string | undefined {
  const path = missing();
  if (path === undefined) return undefined;
  return `nginx with its stream module, which publishes UDP ports, is not installed (no ${path}): ${INSTALL}`;
}

/** For `doctor`. */
export function udpForwarderFinding(): Finding {
  const path = missing();
  const name = 'nginx stream module';
  if (path === undefined) return ok(name, UDP_PROGRAMS.join(', '));
  return warn(name, `no ${path}: no published UDP ports`, INSTALL);
}
