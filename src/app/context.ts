import { existsSync } from 'node:fs';
import type { HandlerTable } from '../execute/execute.js';
import type { ProjectOptions } from '../formats/yaml/read-file.js';
import { linuxCapacity } from '../host/linux/capacity.js';
import { hasStale } from '../host/linux/has-stale.js';
import type { FileContents } from '../host/linux/memory-files/contents.js';
import { linuxProbe } from '../host/linux/probe.js';
import { resetAttributes } from '../host/linux/process/attributes.js';
import { closeInherited } from '../host/linux/process/descriptors.js';
import { stopPrograms } from '../host/linux/process/launch.js';
import { shareLock } from '../host/linux/process/lock-share.js';
import { bootId, startTime } from '../host/linux/process/processes.js';
import type { Capacity, Host, Preconditions, Probe } from '../host/ports.js';
import { kinds } from '../kinds/index.js';
import type { AnyKind, Kinds } from '../kinds/kind.js';
import type { Config, ForeignFrom } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { builtImagesDir, type InstallPaths, lockFile } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec, ImageOrigin } from '../model/specs.js';
import { locateInstallation, readBinding, refuseUnmounted } from '../state/installation.js';
import type { Lock, LockTimeouts } from '../state/lock.js';
import { openState, type State } from '../state/state.js';
import type { Store } from '../state/store.js';
import type { TableFormat } from '../state/table.js';
import { type FastPath, fastPathFor } from './fast-path/index.js';
import type { Frontend } from './frontend.js';
import { ImageInspector } from './image-inspector.js';
import type { CommonOptions } from './options.js';
import type { PlanHost } from './plan-host.js';
import { isOfService } from './services.js';

/**
 * The composition root. Everything except the paths is opened on first use. What a run from cron
 * needs is imported statically, because each file costs it a millisecond; what changes the state or the
 * host is loaded when there is something to change.
 */
export class Context {
  #paths: InstallPaths | undefined;
  #host: Promise<Host> | undefined;
  #contents: Promise<FileContents> | undefined;
  #fastPath: FastPath | undefined;
  #inspector: ImageInspector | undefined;
  /**
   * The errors of images that could not be inspected, by name, for a run that continues with their
   * recorded origin; undefined if such an error ends the run.
   */
  unresolvedImages: Map<string, Error> | undefined;

  /**
   * For a plan that is only shown: an image that was never built is built by the apply that follows.
   * RUN lines run as root and may take hours, and all of the stack is new to whoever reads the plan.
   */
  buildsLater = false;

  /** The only images that this run needs; others of the file are taken as recorded. Absent: all. */
  neededImages: ReadonlySet<string> | undefined;

  /** Values of ARGs for the builds of this run, besides those of the file; they are not recorded. */
  buildArgs: Readonly<Record<string, string>> = {};

  /** Whether images are built without the stages kept of earlier builds. */
  noCache = false;

  /** What runs its stacks. */
  readonly engine: 'local' | 'swarm' = 'local';

  /** The kinds of their resources, and the tables that these are recorded in. */
  readonly kinds: Kinds = kinds;
  readonly tables: readonly TableFormat[] = TABLES;

  /** What plans see instead of this host; absent: the host itself. */
  readonly planHost: PlanHost | undefined = undefined;

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

  /** For a context of another engine. */
  get frontendIfAny(): Frontend | undefined {
    return this.#frontend;
  }

  /** @throws UserError for a root of another host or installation: see `locateInstallation` */
  get paths(): InstallPaths {
    this.#paths ??= locateInstallation(this.options.root);
    return this.#paths;
  }

  get fastPath(): FastPath {
    this.#fastPath ??= fastPathFor(this, TABLES);
    return this.#fastPath;
  }

  /**
   * Reads and checks the file; rejects with all errors in it. A service that was started with one of
   * its profiles stays part of the stack without it: a run from cron must not remove it.
   *
   * @param asked of this run alone
   */
  async config(asked: Pick<ProjectOptions, 'named' | 'scale'> = {}): Promise<Config> {
    const { file, project: named = { overrides: [] } } = this.options;
    const project = { ...named, ...asked };
    const config = await this.fastPath.config(file, project);
    const running = file === '-' ? [] : this.#startedBefore(config);
    const all =
      running.length === 0 ? config : await this.fastPath.config(file, { ...project, running });
    return this.#withEngine(all);
  }

  /** The engine of the command line wins over that of the file. */
  #withEngine(config: Config): Config {
    const { engine } = this.options;
    if (engine === undefined) return config;
    const { engine: _declared, ...rest } = config;
    return engine === 'swarm' ? { ...rest, engine } : rest;
  }

  /** The services that profiles leave out, and that have a container all the same. */
  #startedBefore({ name, inactive = [], containers }: Config): string[] {
    if (inactive.length === 0) return [];
    const names = this.fastPath
      .records()
      .rows.filter(({ kind, stack }) => kind === 'container' && stack === name)
      .flatMap((row) => (Object.hasOwn(containers, row.name) ? [] : [row.name]));
    return inactive.filter((service) => names.some((each) => isOfService(each, [service])));
  }

  /** A snapshot of the state, to read. */
  state(): State {
    return openState(this.paths, this.tables);
  }

  /** The state, to write. The caller holds the lock. */
  async store(): Promise<Store> {
    const [{ openCleanStore }, { bindRoot }] = await Promise.all([
      import('../state/store.js'),
      import('../state/bind-root.js'),
    ]);
    await bindRoot(this.paths.root);
    return openCleanStore(this.paths, this.tables);
  }

  /** Gives the root what outlives this run: the key of the digests of secrets, for a saved plan. */
  async bind(): Promise<void> {
    const { root } = this.paths;
    if (readBinding(root)?.key !== undefined) return;
    const { bindRoot } = await import('../state/bind-root.js');
    const lock = await this.lock({ timeoutMs: BIND_TIMEOUT });
    await bindRoot(root).finally(() => lock.release());
  }

  /** Rejects with LockedError if another run holds it for longer. Programs started by baleine share it. */
  async lock(patience: LockTimeouts): Promise<Lock> {
    const { acquireLock } = await import('../state/lock.js');
    const lock = await acquireLock(this.paths, patience);
    try {
      // a pool may have been created or removed while we waited
      refuseUnmounted(this.paths.root);
    } catch (error) {
      lock.release();
      throw error;
    }
    shareLock(lock.descriptor);
    const release: Lock['release'] = (how) => {
      shareLock(undefined);
      lock.release(how);
    };
    return { ...lock, release };
  }

  /** A snapshot of the host. */
  probe(): Promise<Probe> {
    return linuxProbe(this.paths, { full: this.fastPath.isOff });
  }

  /** The same for a run without the lock; rejects if another run holds it. */
  probeUnlocked(): Promise<Probe> {
    const lock = lockFile(this.paths);
    return linuxProbe(this.paths, existsSync(lock) ? { lock } : {});
  }

  /** What the host has to give. */
  capacity(): Capacity {
    return linuxCapacity();
  }

  /** What a plan presupposes of the host; loaded when there is something to do. */
  async preconditions(): Promise<Preconditions> {
    const { linuxPreconditions } = await import('../host/linux/runtime/preconditions.js');
    return linuxPreconditions(this.paths, await this.fileContents());
  }

  /** The ports that change the host; made once. */
  host(): Promise<Host> {
    this.#host ??= this.#openHost();
    return this.#host;
  }

  async #openHost(): Promise<Host> {
    const [{ linuxHost }, contents] = await Promise.all([
      import('./linux-host.js'),
      this.fileContents(),
    ]);
    return linuxHost(this.paths, contents, { noCache: this.noCache });
  }

  /** The contents of secrets and configs that this run has read. */
  fileContents(): Promise<FileContents> {
    this.#contents ??= openContents(this.paths);
    return this.#contents;
  }

  /** Runs work that undoes what it has begun when the programs that it runs are ended by an interrupt. */
  undoable<T>(work: () => Promise<T>): Promise<T> {
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
  needsCleanup(rows: readonly Row[]): boolean {
    return hasStale(this.paths) || rows.some(isOrphanedOneOff) || rows.some(isEndedRun);
  }

  /** Takes that away, except for one-off containers. The caller holds the lock. */
  async clearStale(): Promise<void> {
    if (hasStale(this.paths)) await (await this.host()).runtime.clearAbandoned();
    if (!existsSync(builtImagesDir(''))) return;
    const { sweepArchives } = await import('../host/linux/images/built-archives.js');
    sweepArchives();
  }

  /** Every verb of every kind. */
  async handlers(): Promise<HandlerTable> {
    return handlersOf(await this.host(), this.paths);
  }
}

/** The same for an installation that is not, or no longer, a command’s own. */
export async function handlersFor(paths: InstallPaths): Promise<HandlerTable> {
  const { linuxHost } = await import('./linux-host.js');
  return handlersOf(linuxHost(paths, await openContents(paths)), paths);
}

/** Milliseconds for another run to end. */
const BIND_TIMEOUT = 10_000;

async function openContents({ root }: InstallPaths): Promise<FileContents> {
  const [{ FileContents }, { installationKey }, { variableIn }] = await Promise.all([
    import('../host/linux/memory-files/contents.js'),
    import('../state/bind-root.js'),
    import('../formats/project/env-file.js'),
  ]);
  return new FileContents(() => installationKey(root), variableIn);
}

async function handlersOf(host: Host, paths: InstallPaths): Promise<HandlerTable> {
  const tables = Object.values(kinds).map((kind) => kind.handlers(host, paths));
  return Object.assign({}, ...(await Promise.all(tables)));
}

/** The tables of an engine. */
export function tablesOf(list: Readonly<Record<string, AnyKind>>): TableFormat[] {
  const tables = Object.values(list).map(({ name, table }) => ({
    kind: name,
    ...(table as Pick<TableFormat, 'file' | 'late' | 'columns'>),
  }));
  const lateFiles = tables.filter(({ late }) => late).map(({ file }) => file);
  return tables.map((each) => ({ ...each, lateFiles }));
}

export const TABLES: TableFormat[] = tablesOf(kinds);

/** Whether it is a one-off container whose `baleine run` is no more: nobody waits for it. */
export function isOrphanedOneOff({ kind, spec }: Row): boolean {
  const { one_off: run } = kind === 'container' ? (spec as ContainerSpec) : {};
  return run !== undefined && (startTime(run.pid) !== run.start_time || bootId() !== run.boot_id);
}

/** Whether it is a run of a job that has ended, or whose start was cut off. */
export function isEndedRun({ kind, spec, facts, status }: Row): boolean {
  if (kind !== 'container' || !(spec as ContainerSpec).run) return false;
  const { pid, start_time, boot_id } = facts as ContainerFacts;
  if (status === 'pending' || pid === undefined) return true;
  return startTime(pid) !== start_time || bootId() !== boot_id;
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
