import { setTimeout as sleep } from 'node:timers/promises';
import type { ListedBackup, RepositoryAccess } from '../../../model/backup.js';
import { repositoryFolder, repositoryText } from '../../../model/backup.js';
import { messageOf, UserError } from '../../../model/errors.js';
import { PERIODS, type Retention } from '../../../model/retention.js';
import { readInput } from '../files/read.js';
import { findProgram } from '../process/programs.js';
import { checkResult, LONG, type RunOptions, type RunResult, run } from '../process/run.js';

/** Reads the variables of a file; see `parseEnvFile`. */
export type ReadVariables = (file: string) => Record<string, string>;

/** What marks a backup as one of ours, and as this volume's. */
export interface BackupLabel {
  stack: string;
  volume: string;
}

export interface StoredBackup {
  id: string;
  /** Bytes, as in `CompletedBackup`. */
  added: number;
  total: number;
}

const INSTALL = 'apt-get install restic';

/** Shared by all repositories that are not a folder; a variable of the same name names another. */
const CACHE = '/var/cache/restic';

/** Milliseconds to wait for another restic that works on the same repository. */
const LOCK_TIMEOUT = 60 * 60_000;
const LOCK_PAUSE = 5000;

/** restic(1) on one repository. Passwords and keys are in files and in its environment alone. */
export class ResticRepository {
  readonly #env: Record<string, string>;
  readonly #name: string;
  readonly #global: string[];

  /** @throws Error if restic is missing, or the file with its variables cannot be read */
  constructor(access: RepositoryAccess, readVariables: ReadVariables) {
    const { repository, password, env_file } = access;
    if (!findProgram('restic')) throw new UserError('restic is not installed', INSTALL);
    this.#name = repositoryText(access);
    this.#global = repositoryFolder(repository) === undefined ? [] : ['--no-cache'];
    this.#env = {
      RESTIC_CACHE_DIR: CACHE,
      ...(env_file !== undefined && readVariables(env_file)),
      ...(typeof repository === 'string'
        ? { RESTIC_REPOSITORY: repository }
        : { RESTIC_REPOSITORY_FILE: repository.file }),
      RESTIC_PASSWORD_FILE: password.file,
    };
  }

  /**
   * Makes the repository if there is none.
   *
   * @param existed it did when it was used the last time: then its absence is an error
   */
  async ensure(existed: boolean): Promise<void> {
    const purpose = `open backup repository ${this.#name}`;
    const found = await this.#run(['cat', 'config'], { purpose, reject: false });
    if (found.code === 0) return;
    const cause = found.stderr.split('\n', 1)[0]?.replace(/^Fatal: /, '') ?? '';
    if (!NO_REPOSITORY.test(found.stderr)) throw new Error(`cannot ${purpose}: ${cause}`);
    if (existed) {
      throw new UserError(
        `cannot ${purpose}: ${cause}`,
        'It existed at the last backup. `baleine backup run --init` makes a new one there.',
      );
    }
    await this.#run(['init'], { purpose: `make backup repository ${this.#name}` });
  }

  /**
   * Stores the folder `volume` of another one.
   *
   * @param from.keepsInodes whether an unchanged file has the inode and the times of the last backup
   */
  async store(
    from: { dir: string; keepsInodes: boolean },
    { stack, volume }: BackupLabel,
    { host, taken }: { host: string; taken: Date },
  ): Promise<StoredBackup> {
    const own = from.keepsInodes ? await this.#parent({ stack, volume }, host) : [];
    const words = ['--json', '--host', host, '--tag', tags(stack, volume)];
    const args = [...words, '--time', localTime(taken), ...own, '--', 'volume'];
    const purpose = `back up volume ${volume}`;
    const { code, stdout, stderr } = await this.#waitingForLock(['backup', ...args], {
      ...{ purpose, cwd: from.dir, tail: true, accepted: INCOMPLETE },
    });
    const summary = messagesIn(stdout).findLast((each) => each.message_type === 'summary');
    const id = textOf(summary?.snapshot_id);
    if (code === INCOMPLETE) {
      // it would pass for a good one
      if (id !== '') await this.#waitingForLock(['forget', '--', id], { purpose, tail: true });
      throw new Error(`cannot ${purpose}: ${stderr.split('\n', 1)[0]}`);
    }
    if (!summary) throw new Error(`cannot ${purpose}: restic has not reported the end`);
    return {
      id,
      added: numberOf(summary.data_added),
      total: numberOf(summary.total_bytes_processed),
    };
  }

  /**
   * The last backup, of which unchanged files are not read again. restic itself looks for one of the same
   * path, and copies have another each time.
   */
  async #parent(label: BackupLabel, host: string): Promise<string[]> {
    const last = (await this.list(label)).findLast((each) => each.host === host);
    return last ? [`--parent=${last.id}`] : [];
  }

  /** Removes the backups of a volume of this host that are not to be kept. */
  async forget({ stack, volume }: BackupLabel, keep: Retention, host: string): Promise<void> {
    const kept = PERIODS.flatMap((period) =>
      keep[period] ? [`--keep-${period}=${keep[period]}`] : [],
    );
    const which = ['--host', host, '--tag', tags(stack, volume), '--group-by', 'host'];
    const purpose = `remove old backups of volume ${volume}`;
    await this.#waitingForLock(['forget', ...which, ...kept, '--prune'], { purpose, tail: true });
  }

  /** The backups of a volume, of all hosts, the oldest first. */
  async list({ stack, volume }: BackupLabel): Promise<ListedBackup[]> {
    const args = ['snapshots', '--json', '--no-lock', '--tag', tags(stack, volume)];
    const { stdout } = await this.#run(args, { purpose: `list backups of volume ${volume}` });
    const [found] = messagesIn(stdout.trim() === 'null' ? '[]' : stdout) as unknown[];
    return (Array.isArray(found) ? found : [])
      .map((each: Record<string, unknown>) => ({
        id: textOf(each.short_id),
        at: timeOf(each.time),
        host: textOf(each.hostname),
      }))
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  /** Restores a backup, the folder `volume`, into a folder. */
  async fetch(id: string, to: string): Promise<void> {
    const purpose = `restore backup ${id}`;
    const target = `--target=${to}`;
    await this.#waitingForLock(['restore', target, '--', id], { purpose, tail: true });
  }

  /** @param data also reads everything that is stored */
  async check(data: boolean): Promise<void> {
    const purpose = `check backup repository ${this.#name}`;
    const args = ['check', ...(data ? ['--read-data'] : [])];
    await this.#waitingForLock(args, { purpose, tail: true });
  }

  /** @param options.accepted an exit code besides 0 that is a result */
  async #waitingForLock(
    args: string[],
    { accepted = 0, ...options }: RunOptions & { accepted?: number },
  ): Promise<RunResult> {
    const begun = performance.now();
    for (let isFirst = true; ; isFirst = false) {
      const ended = await this.#run(args, { ...options, reject: false });
      const isLocked = ended.code !== 0 && /already locked/.test(ended.stderr);
      if (!isLocked || performance.now() - begun > LOCK_TIMEOUT) {
        return ended.code === accepted ? ended : checkResult('restic', options, ended);
      }
      // those of processes of this host that are gone, and old ones
      if (isFirst) await this.#run(['unlock'], { ...options, tail: true });
      else await sleep(LOCK_PAUSE);
    }
  }

  /** It does not outlive us: what it reads goes with us. */
  #run(args: string[], options: RunOptions): Promise<RunResult> {
    const words = ['--pdeathsig', 'KILL', '--', 'restic', ...this.#global, ...args];
    return run('setpriv', words, { timeout: LONG, env: this.#env, shown: 'restic', ...options });
  }
}

/** Exit code of a backup that lacks what could not be read. */
const INCOMPLETE = 3;

/** Said whenever its configuration cannot be read, also for other reasons, as which `init` fails. */
const NO_REPOSITORY = /Is there a repository at the following location/;

const tags = (stack: string, volume: string) => `baleine,stack=${stack},volume=${volume}`;

/** As restic wants it; it has the time zone of this process. */
function localTime(time: Date): string {
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19).replace('T', ' ');
}

/** The JSON values of an output, one a line; lines that are none are skipped. */
function messagesIn(output: string): Record<string, unknown>[] {
  return output.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}

/** ISO 8601, or nothing. */
function timeOf(value: unknown): string {
  const time = new Date(textOf(value));
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0);

/** Why a volume cannot be backed up so: what can be known without asking the repository. */
export function backupProblems(
  { repository, password, env_file }: RepositoryAccess,
  root: string,
): { at: string[]; cause: string | undefined }[] {
  if (!findProgram('restic')) {
    return [{ at: [], cause: `restic is not installed: ${INSTALL}` }];
  }
  const folder = repositoryFolder(repository);
  const isInside = folder !== undefined && `${folder}/`.startsWith(`${root}/`);
  return [
    {
      at: ['repository'],
      cause: isInside ? `is below ${root}, which a backup is to outlive` : undefined,
    },
    ...(typeof repository === 'string'
      ? []
      : [{ at: ['repository', 'file'], cause: fileProblem(repository.file) }]),
    { at: ['password', 'file'], cause: fileProblem(password.file) },
    ...(env_file === undefined ? [] : [{ at: ['env_file'], cause: fileProblem(env_file) }]),
  ];
}

function fileProblem(path: string): string | undefined {
  try {
    return readInput(path).trim() === '' ? `file ${path} is empty` : undefined;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return `cannot read ${path}: ${isMissing ? 'no such file' : messageOf(error)}`;
  }
}
