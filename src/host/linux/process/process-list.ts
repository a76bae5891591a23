import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import { processesIn } from '../cgroups/freezer.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { readText } from '../files/read.js';

export interface ListedProcess {
  /** The pid on the host, and inside the container. */
  pid: number;
  inside: number;
  uid: number;
  /** `R`, `S`, `Z` … as in proc_pid_status(5). */
  state: string;
  /** Resident memory in bytes. */
  rss: number;
  command: string;
}

/** The processes of a container. */
export function processesOf(paths: InstallPaths, id: string): ListedProcess[] {
  return processesIn(readHierarchies(), cgroupPath(paths, id)).flatMap((pid) => {
    const status = readText(`/proc/${pid}/status`);
    if (!status) return [];
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    const words = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0').filter(Boolean);
    return [
      {
        pid,
        inside: Number(field('NSpid').split(/\s+/).at(-1)),
        uid: Number(field('Uid').split(/\s+/)[0]),
        state: field('State').slice(0, 1),
        rss: Number.parseInt(field('VmRSS') || '0', 10) * 1024,
        command: words.length > 0 ? words.join(' ') : `[${field('Name')}]`,
      },
    ];
  });
}
