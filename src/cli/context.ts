import type { Command } from 'commander';
import type { HandlerTable } from '../apply/run-steps.js';
import type { Host, Probe } from '../host/host.js';
import { kinds } from '../kinds/index.js';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { type Site, siteOf } from '../model/site.js';
import type { Lock } from '../state/lock.js';
import type { State } from '../state/state.js';
import type { Store } from '../state/store.js';
import type { TableFormat } from '../state/table.js';
import { type CommonOptions, commonOptions } from './options.js';

/**
 * The one place where things are put together. Everything but the site is opened when it is asked
 * for, so that a command pays for what it uses.
 */
export class Context {
  readonly site: Site;
  #host: Promise<Host> | undefined;

  constructor(readonly options: CommonOptions) {
    this.site = siteOf(options.root);
  }

  /** Reads and checks the file; rejects with all that is wrong with it. */
  async config(): Promise<Config> {
    const { readConfig } = await import('./read-config.js');
    return readConfig(this.options.file);
  }

  /** To read; a snapshot. */
  async state(): Promise<State> {
    const { openState } = await import('../state/state.js');
    return openState(this.site, TABLES);
  }

  /** To write; the caller holds the lock. */
  async store(): Promise<Store> {
    const { openStore } = await import('../state/store.js');
    return openStore(this.site, TABLES);
  }

  /** Rejects with LockedError when another has it after `timeoutMs`. */
  async lock(timeoutMs: number): Promise<Lock> {
    const { acquireLock } = await import('../state/lock.js');
    return acquireLock(this.site, { timeoutMs });
  }

  /** One look at the host. */
  async probe(): Promise<Probe> {
    const { linuxProbe } = await import('../host/linux/probe.js');
    return linuxProbe(this.site);
  }

  /** The ports that change the host; made once. */
  host(): Promise<Host> {
    this.#host ??= import('./linux-host.js').then(({ linuxHost }) => linuxHost(this.site));
    return this.#host;
  }

  /** Every verb of every kind. */
  async handlers(): Promise<HandlerTable> {
    const host = await this.host();
    const tables = Object.values(kinds).map((kind) => kind.handlers(host, this.site));
    return Object.assign({}, ...(await Promise.all(tables)));
  }
}

const TABLES: TableFormat[] = Object.values(kinds).map(({ name, table }) => ({
  kind: name,
  ...(table as Pick<TableFormat, 'file' | 'columns'>),
}));

/** For a command that reads or changes the host; throws unless it runs as root. */
export function openContext(command: Command): Context {
  if (process.getuid?.() !== 0) {
    const words = ['sudo', 'baleine', ...process.argv.slice(2)].join(' ');
    throw new UserError('baleine must run as root', words);
  }
  return new Context(commonOptions(command));
}
