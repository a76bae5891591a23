import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** cron's PATH lacks them, and Debian's runc and losetup are there. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

export interface RuntimeCommand {
  name: string;
  /** What makes containers: its path, or what starts it where it would refuse by itself. */
  command: string[];
}

/** The absolute path of a program; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
