import { existsSync } from 'node:fs';
import type { HandlerTable } from '../execute/execute.js';
import { linuxCapacity } from '../host/linux/capacity.js';
import type { Finding } from '../host/linux/doctor/index.js';
import { hasStale } from '../host/linux/has-stale.js';
import { linuxProbe } from '../host/linux/probe.js';
import { resetAttributes } from '../host/linux/process/attributes.js';
import { closeInherited } from '../host/linux/process/descriptors.js';
import { shareLock } from '../host/linux/process/lock-share.js';
import { bootId, startTime } from '../host/linux/process/processes.js';
import type { Capacity, Host, Preconditions, Probe } from '../host/ports.js';
import { kinds } from '../kinds/index.js';
import type { Config, ForeignFrom } from '../model/config.js';
import { UserError } from '../model/errors.js';
import {
  builtImagesDir,
  configCache,
  type InstallPaths,
  lockFile,
} from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec, ImageOrigin } from '../model/specs.js';
import type { Context as Given } from '../plan/desired/context.js';
import { planInputFingerprint } from '../plan/in-sync.js';
import { locateSite } from '../state/installation.js';
import type { Lock, LockTimeouts } from '../state/lock.js';
import { openState, type State } from '../state/state.js';
import { type CachedRecords, cacheRecords, loadCachedRecords } from '../state/state-cache.js';
import type { Store } from '../state/store.js';
import type { TableFormat } from '../state/table.js';
import type { Frontend } from './frontend.js';
import { ImageInspector } from './image-inspector.js';
import type { CommonOptions } from './options.js';
import { type ReadResult, readConfig, readConfigCached } from './read-config.js';

/** A file was found to ask for just what is on record, as `agrees` has it. */
interface SyncMark {
  /** As of `planInputFingerprint`. */
  mark: string;
  /** Of the records. */
  serial: string;
}

/**
 * The one place where things are put together. Everything but the site is opened when it is asked
 * for. What the run from cron needs is imported at once, for each file of its own costs it a
 * millisecond; what changes the state or the host is loaded when something is to be changed.
 */
export class Context {
  #site: InstallPaths | undefined;
  #host: Promise<Host> | undefined;
  #read: ReadResult | undefined;
  #agreement: { mark: string; records: CachedRecords } | undefined;
  #inspector: ImageInspector | undefined;
  /**
   * By name, the images that could not be looked at, for a run that goes on with what is on record of
   * them; undefined when that is an error at once.
   */
  unresolvedImages: Map<string, Error> | undefined;

  readonly #frontend: Frontend | undefined;

  /** @param frontend absent for a context that only reads */
  constructor(
    readonly options: CommonOptions,
    frontend?: Frontend,
  ) {
    this.#frontend = frontend;
  }

  get frontend(): Frontend {
    if (!this.#frontend) throw new Error('this context only reads: it has no frontend');
    return this.#frontend;
  }

  /** @throws UserError for a root that is another's: see `locateSite` */
  get site(): InstallPaths {
    this.#site ??= locateSite(this.options.root);
    return this.#site;
  }

  /** Reads and checks the file, or recalls it; rejects with all that is wrong with it. */
  async config(): Promise<Config> {
    this.#read = await readConfigCached(this.options.file, configCache(this.site));
    return this.#read.config;
  }

  /** What was recalled, read with its lines: undefined when the config has them. */
  async configWithLines(): Promise<Config | undefined> {
    return this.#read?.cached ? readConfig(this.options.file) : undefined;
  }

  /** Whether an earlier run has found that the file asks for just what is on record. */
  isConfigInSync(given: Given, records: CachedRecords): boolean {
    const known = this.#read?.cached?.agreement as SyncMark | undefined;
    return known?.serial === records.serial && known.mark === planInputFingerprint(given);
  }

  /** That this one has. */
  noteConfigInSync(given: Given, records: CachedRecords): void {
    this.#agreement = { mark: planInputFingerprint(given), records };
  }

  /** For the next run to recall. The caller holds the lock. */
  cacheConfig(): void {
    const { mark, records } = this.#agreement ?? {};
    this.#read?.store?.(records && { mark, serial: records.serial });
    if (records && !this.cachedRecords()) cacheRecords(this.site, records);
  }

  /** What is on record, if an earlier run has read it. */
  cachedRecords(): CachedRecords | undefined {
    return loadCachedRecords(this.site, TABLES);
  }

  /** To read; a snapshot. */
  state(): State {
    return openState(this.site, TABLES);
  }

  /** To write; the caller holds the lock. */
  async store(): Promise<Store> {
    const [{ openCleanStore }, { bindRoot }] = await Promise.all([
      import('../state/store.js'),
      import('../state/bind-root.js'),
    ]);
    await bindRoot(this.site.root);
    return openCleanStore(this.site, TABLES);
  }

  /** Rejects with LockedError when another has it for longer. Our programs share it. */
  async lock(patience: LockTimeouts): Promise<Lock> {
    const { acquireLock } = await import('../state/lock.js');
    const lock = await acquireLock(this.site, patience);
    shareLock(lock.descriptor);
    const release: Lock['release'] = (how) => {
      shareLock(undefined);
      lock.release(how);
    };
    return { ...lock, release };
  }

  /** One look at the host. */
  probe(): Promise<Probe> {
    return linuxProbe(this.site);
  }

  /** The same for a run without the lock; rejects when another run has it. */
  probeUnlocked(): Promise<Probe> {
    const lock = lockFile(this.site);
    return linuxProbe(this.site, existsSync(lock) ? lock : undefined);
  }

  /** What the host has to give. */
  capacity(): Capacity {
    return linuxCapacity();
  }

  /** What a plan presupposes of the host; loaded when there is something to do. */
  async preconditions(): Promise<Preconditions> {
    const { linuxPreconditions } = await import('../host/linux/runtime/preconditions.js');
    return linuxPreconditions();
  }

  /** What the host has and lacks. */
  async examine(): Promise<Finding[]> {
    const { diagnose } = await import('../host/linux/doctor/index.js');
    return diagnose(this.site);
  }

  /** The ports that change the host; made once. */
  host(): Promise<Host> {
    this.#host ??= import('./linux-host.js').then(({ linuxHost }) => linuxHost(this.site));
    return this.#host;
  }

  /** Runs work that undoes what it has begun when the programs that it runs are ended by an interrupt. */
  async undoable<T>(work: () => Promise<T>): Promise<T> {
    const { stopPrograms } = await import('../host/linux/process/launch.js');
    return this.frontend.undoable(work, () => stopPrograms('interrupted'));
  }

  /** What a foreign image is. */
  inspectImage(from: ForeignFrom, size?: number, owner?: string): Promise<ImageOrigin> {
    this.#inspector ??= new ImageInspector(async (...image) =>
      (await this.host()).images.inspect(...image),
    );
    return this.#inspector.inspect(from, size, owner);
  }

  /** Whether a killed run may have left something running. */
  mayHaveStale(): boolean {
    return hasStale(this.site);
  }

  /** Takes that away. The caller holds the lock. */
  async clearStale(): Promise<void> {
    if (this.mayHaveStale()) await (await this.host()).runtime.clearAbandoned();
    if (!existsSync(builtImagesDir(''))) return;
    const { sweepArchives } = await import('../host/linux/images/built-archives.js');
    sweepArchives();
  }

  /** Every verb of every kind. */
  async handlers(): Promise<HandlerTable> {
    return handlersOf(await this.host(), this.site);
  }
}

/** The same for a site that is not, or no longer, a command's own. */
export async function handlersFor(site: InstallPaths): Promise<HandlerTable> {
  const { linuxHost } = await import('./linux-host.js');
  return handlersOf(linuxHost(site), site);
}

async function handlersOf(host: Host, site: InstallPaths): Promise<HandlerTable> {
  const tables = Object.values(kinds).map((kind) => kind.handlers(host, site));
  return Object.assign({}, ...(await Promise.all(tables)));
}

const KIND_TABLES = Object.values(kinds).map(({ name, table }) => ({
  kind: name,
  ...(table as Pick<TableFormat, 'file' | 'late' | 'columns'>),
}));
const LATE_FILES = KIND_TABLES.filter(({ late }) => late).map(({ file }) => file);

export const TABLES: TableFormat[] = KIND_TABLES.map((each) => ({
  ...each,
  lateFiles: LATE_FILES,
}));

export type { Finding };

/** Whether it is a one-off container whose `baleine run` is no more: nobody waits for it. */
export function isOrphanedOneOff({ kind, spec }: Row): boolean {
  const { one_off: run } = kind === 'container' ? (spec as ContainerSpec) : {};
  return run !== undefined && (startTime(run.pid) !== run.start_time || bootId() !== run.boot_id);
}

/** Only looks: what would change the host, fetch an image or build one is out of its reach. */
export class ReadOnlyContext extends Context {
  override host(): Promise<Host> {
    const message = 'cannot tell what an image is without fetching or building it';
    return Promise.reject(new UserError(message, '`baleine plan` does that.'));
  }
}

/** Takes from our process what the caller's environment would pass on to programs. Called first. */
export function prepareProcess(): void {
  closeInherited();
  resetAttributes();
}
