import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { causeOf, UserError } from '../../model/errors.js';
import { readInput } from './files/read.js';
import { writeOutput } from './files/write-output.js';
import { findProgram } from './process/programs.js';
import { run } from './process/run.js';

/** Root's crontab. */
export interface Crontab {
  /** Empty if root has no crontab yet. */
  read(): Promise<string>;
  write(text: string): Promise<void>;
  /** Whether its cron supports `@reboot`: busybox 1.35 crashes on it. */
  knowsReboot: boolean;
}

/** Uses crontab(1), or a crontab file that cron reads directly (busybox). */
export function openCrontab(file?: string): Crontab {
  return file === undefined ? programCrontab() : fileCrontab(file);
}

/** Debian's cron, cronie and busybox share two options: `-l`, and `-` for standard input. */
function programCrontab(): Crontab {
  return {
    knowsReboot: !isBusybox('crontab'),
    read: async () => {
      refuseMissing();
      const { code, stdout, stderr } = await run('crontab', ['-l'], {
        purpose: 'read the crontab',
        reject: false,
      });
      // `run` strips the final newline, which a crontab always has.
      if (code === 0) return stdout && `${stdout}\n`;
      if (/no crontab for|no such file/i.test(stderr)) return '';
      throw new Error(`cannot read the crontab: crontab: ${stderr}`);
    },
    write: async (text) => {
      await run('crontab', ['-'], { purpose: 'write the crontab', input: text });
    },
  };
}

export const hasCrontabProgram = () => findProgram('crontab') !== undefined;

function isBusybox(name: string): boolean {
  const path = findProgram(name);
  return path !== undefined && basename(realpathSync(path)) === 'busybox';
}

function refuseMissing(): void {
  if (findProgram('crontab')) return;
  throw new UserError(
    'cannot read the crontab: there is no crontab program',
    'apt-get install cron; or name the file your cron reads: --crontab /etc/crontabs/root',
  );
}

/** busybox crond detects the rename by its folder's mtime. Keeps owner and mode. */
function fileCrontab(file: string): Crontab {
  return {
    knowsReboot: false,
    read: async () => {
      try {
        return readInput(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
        const hint = 'Name the file that your cron reads, such as /etc/crontabs/root.';
        throw new UserError(`cannot read ${file}: ${causeOf(error)}`, hint);
      }
    },
    write: async (text) => writeOutput(file, text, existsSync(file) ? {} : { mode: 0o600 }),
  };
}

/** Files and folders in which cron, cronie, busybox crond and systemd look for jobs. */
const TABLES = [
  ...[
    '/etc/crontab',
    '/etc/cron.d',
    '/etc/crontabs',
    '/var/spool/cron',
    '/var/spool/cron/crontabs',
  ],
  ...['hourly', 'daily', 'weekly', 'monthly'].map((each) => `/etc/cron.${each}`),
  '/etc/systemd/system',
];

/** Bytes; a crontab written by a person is smaller. */
const MAX_SIZE = 1024 * 1024;

export interface TableText {
  path: string;
  text: string;
}

/** All crontabs of the host, of all users, except the one that crontab(1) shows to root. */
export function hostTables(): TableText[] {
  const own = hasCrontabProgram() ? ['/var/spool/cron/root', '/var/spool/cron/crontabs/root'] : [];
  return TABLES.flatMap(filesIn)
    .filter((path) => !own.includes(path))
    .flatMap((path) => {
      const text = textOf(path);
      return text === undefined ? [] : [{ path, text }];
    });
}

function filesIn(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found ? [path] : [];
  try {
    return readdirSync(path).map((name) => join(path, name));
  } catch {
    return [];
  }
}

/** Undefined if it is not a regular file or cannot be read. */
function textOf(path: string): string | undefined {
  try {
    const found = statSync(path);
    return found.isFile() && found.size <= MAX_SIZE ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
