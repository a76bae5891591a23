import { rmSync, writeFileSync } from 'node:fs';
import type { Site } from '../../../model/site.js';
import { bundleFiles } from './layout.js';

/**
 * Whether a container's monitor calls baleine when it ends: a file says so, which is taken away
 * before we end it ourselves. Turning it on needs its bundle.
 */
export function healAtOnce(site: Site, id: string, on: boolean): void {
  const { heal } = bundleFiles(site, id);
  if (on) writeFileSync(heal, '', { mode: 0o600 });
  else rmSync(heal, { force: true });
}

/**
 * conmon waits for its exit command, and who starts the container again waits for conmon; so the
 * call goes on in the background.
 */
const CALL = '[ ! -e "$0" ] || "$@" >/dev/null 2>&1 </dev/null &';

/** What conmon is to run when the container has ended; empty without a command. */
export function exitCommandOf(site: Site, id: string, command: string[]): string[] {
  if (command.length === 0) return [];
  return ['/bin/sh', '-c', CALL, bundleFiles(site, id).heal, ...command, id];
}
