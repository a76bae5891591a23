import type { Command } from 'commander';
import type { HandlerTable } from '../apply/run-steps.js';
import type { Capacity, Host, Probe } from '../host/host.js';
import { linuxCapacity } from '../host/linux/capacity.js';
import { mayBeAbandoned } from '../host/linux/leftovers.js';
import { shareLock } from '../host/linux/lock-share.js';
import { linuxProbe } from '../host/linux/probe.js';
import { kinds } from '../kinds/index.js';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { configCache, type Site, siteOf } from '../model/site.js';
import { agreementMark } from '../plan/agreement.js';
import type { Context as Given } from '../plan/desired/context.js';
import { acquireLock, type Lock, type Patience } from '../state/lock.js';
import { openState, type State } from '../state/state.js';
import { openStore, type Store } from '../state/store.js';
import type { TableFormat } from '../state/table.js';
import { type CommonOptions, commonOptions } from './options.js';
import { type Read, readConfig, recallConfig } from './read-config.js';

/** That a file asks for just what is on record, as `agrees` has it. */
interface Agreement {
  /** An earlier run found so. */
  isKnown: boolean;
  /** So did this one. */
  note(): void;
}

/**
 * The one place where things are put together. Everything but the site is opened when it is asked
 * for. What the run from cron needs is imported at once, for each file of its own costs it a
 * millisecond; what changes the host is loaded when something is to be changed.
 */
export class Context {
  readonly site: Site;
  #host: Promise<Host> | undefined;
  #read: Read | undefined;
  #agreement: string | undefined;

  constructor(readonly options: CommonOptions) {
    this.site = siteOf(options.root);
  }

  /** Reads and checks the file, or recalls it; rejects with all that is wrong with it. */
  async config(): Promise<Config> {
    this.#read = await recallConfig(this.options.file, configCache(this.site));
    return this.#read.config;
  }

  /** What was recalled, read with its lines: undefined when the config has them. */
  async configWithLines(): Promise<Config | undefined> {
    return this.#read?.recalled ? readConfig(this.options.file) : undefined;
  }

  /** Undefined for a file that was not recalled. */
  agreementOf(given: Given, serial: string): Agreement | undefined {
    const { recalled } = this.#read ?? {};
    if (!recalled) return undefined;
    const mark = agreementMark(given, recalled.checksum, serial);
    const note = () => {
      this.#agreement = mark;
    };
    return { isKnown: mark === recalled.agreement, note };
  }

  /** For the next run to recall. The caller holds the lock. */
  keepConfig(): void {
    this.#read?.keep?.(this.#agreement);
  }

  /** To read; a snapshot. */
  state(): State {
    return openState(this.site, TABLES);
  }

  /** To write; the caller holds the lock. */
  store(): Store {
    return openStore(this.site, TABLES);
  }

  /** Rejects with LockedError when another has it for longer. Our programs share it. */
  async lock(patience: Patience): Promise<Lock> {
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

  /** What the host has to give. */
  capacity(): Capacity {
    return linuxCapacity();
  }

  /** The ports that change the host; made once. */
  host(): Promise<Host> {
    this.#host ??= import('./linux-host.js').then(({ linuxHost }) => linuxHost(this.site));
    return this.#host;
  }

  /** Takes away what a killed run has left running. The caller holds the lock. */
  async clearAbandoned(): Promise<void> {
    if (mayBeAbandoned(this.site)) await (await this.host()).runtime.clearAbandoned();
  }

  /** Every verb of every kind. */
  async handlers(): Promise<HandlerTable> {
    const host = await this.host();
    const tables = Object.values(kinds).map((kind) => kind.handlers(host, this.site));
    return Object.assign({}, ...(await Promise.all(tables)));
  }
}

const OF_KINDS = Object.values(kinds).map(({ name, table }) => ({
  kind: name,
  ...(table as Pick<TableFormat, 'file' | 'late' | 'columns'>),
}));
const LATE = OF_KINDS.filter(({ late }) => late).map(({ file }) => file);

export const TABLES: TableFormat[] = OF_KINDS.map((each) => ({ ...each, lateFiles: LATE }));

/** For a command that reads or changes the host; throws unless it runs as root. */
export function openContext(command: Command): Context {
  if (process.getuid?.() !== 0) {
    const words = ['sudo', 'baleine', ...process.argv.slice(2)].join(' ');
    throw new UserError('baleine must run as root', words);
  }
  return new Context(commonOptions(command));
}
