import type { Schedule } from './due.js';
import type { Retention } from './retention.js';

/** How restic gets at a repository. Paths are absolute. */
export interface RepositoryAccess {
  /** As restic names it, or a file with that name: it may have a password in it. */
  repository: string | { file: string };
  password: { file: string };
  /** Variables for restic, such as the keys of an object storage. */
  env_file?: string;
}

/** Where a volume is backed up, and when. */
export interface Backup extends RepositoryAccess {
  schedule?: Schedule;
  /** Absent: all of them. */
  keep?: Retention;
}

/** What is recorded of a volume's backups. */
export interface BackupFacts {
  /** The one that goes on, or was cut off: the process that makes it. */
  running?: { pid: number; start_time: number; boot_id: string; since: string };
  /** The last one that was completed. */
  last?: CompletedBackup;
  /** Where it is: that repository existed once, and is not made again without being asked. */
  repository?: string;
}

export interface CompletedBackup {
  /** Of restic's snapshot. */
  id: string;
  /** ISO 8601: when the volume was as it is there. */
  at: string;
  /** Bytes that it added to the repository, before compression. */
  added: number;
  /** Bytes of the volume's files. */
  total: number;
  /** Milliseconds. */
  ms: number;
}

/** A backup in a repository. Host, tags and so on are what the repository says. */
export interface ListedBackup {
  id: string;
  /** ISO 8601. */
  at: string;
  host: string;
}

/** For messages and comparisons. */
export const repositoryText = ({ repository }: Pick<RepositoryAccess, 'repository'>): string =>
  typeof repository === 'string' ? repository : `the one named in ${repository.file}`;

/** The path of a repository that is a folder; undefined for one elsewhere. */
export function repositoryFolder(repository: RepositoryAccess['repository']): string | undefined {
  if (typeof repository !== 'string') return undefined;
  if (repository.startsWith('local:')) return repository.slice('local:'.length);
  return SCHEME.test(repository) ? undefined : repository;
}

/** The backends of restic(1) that are not a folder. */
const SCHEME = /^(?:s3|sftp|rest|swift|b2|azure|gs|rclone):/;

/** Whether a repository's name has a password in it: `rest:https://user:secret@host/`. */
export const hasPassword = (repository: string): boolean =>
  /^[a-z0-9]+:(?:[a-z]+:)?\/\/[^/@]*:[^/@]*@/i.test(repository);
