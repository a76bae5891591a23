import type { TreeChanges, TreeWatcher } from '../../host/linux/files/watch-tree.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { printable, shorten } from '../../model/printable.js';
import { syncFiles } from '../container/disk.js';
import { changeLifecycle } from '../container/lifecycle.js';
import { Context } from '../context.js';
import { errorText, INTERRUPTED } from '../failure.js';
import { type ContainerRow, membersOf } from '../lookup.js';
import { up } from '../up/index.js';
import { filterOf, rulesOf, type ServiceRule } from './rules.js';

/** Milliseconds for a command of sync+exec. */
const EXEC_LIMIT = 300_000;

/** Characters of the output of such a command. */
const SHOWN = 2000;

/**
 * Does what `develop` says when files change, until the signal comes. An error is shown, and watching
 * goes on. The rules are those of the file at the start.
 *
 * @throws UserError if there is nothing to watch
 */
export async function watchServices(
  context: Context,
  config: Config,
  services: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { TreeWatcher } = await import('../../host/linux/files/watch-tree.js');
  const rules = rulesOf(config, services);
  const watched: Watched[] = [];
  const stopped = new AbortController();
  const stop = AbortSignal.any([signal, stopped.signal]);
  const worker = new Worker(context, config.name);
  try {
    for (const rule of rules) {
      watched.push({ rule, watcher: new TreeWatcher(rule.path, filterOf(rule)) });
    }
    for (const { rule } of watched) say(context, `watching ${rule.path} for ${rule.service}`);
    await syncAtFirst(worker, watched);
    await Promise.all(watched.map((each) => follow(context, worker, each, stop)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stopped.abort();
    for (const { watcher } of watched) watcher.close();
    await worker.idle();
  }
}

interface Watched {
  rule: ServiceRule;
  watcher: TreeWatcher;
}

async function syncAtFirst(worker: Worker, watched: readonly Watched[]): Promise<void> {
  for (const { rule, watcher } of watched) {
    if (!rule.initial_sync || rule.target === undefined) continue;
    await worker.run(() => worker.sync(rule, { changed: watcher.files, removed: [] }));
  }
}

async function follow(
  { frontend }: Context,
  worker: Worker,
  { rule, watcher }: Watched,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const changes = await watcher.next(signal);
      await worker.run(async () => {
        if (!signal.aborted) await worker.act(rule, changes);
      });
    } catch (error) {
      if (signal.aborted || error instanceof Interrupted) throw error;
      frontend.warn(errorText(error));
    }
  }
}

/** A command of the worker was interrupted: so is watching. */
class Interrupted extends Error {}

const say = ({ frontend }: Context, text: string) => frontend.warn(`${printable(text)}\n`);

/** Does one thing at a time. */
class Worker {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly context: Context,
    private readonly stack: string,
  ) {}

  /** Once all before it is done. */
  run(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Once nothing is left to do. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async act(rule: ServiceRule, changes: TreeChanges): Promise<void> {
    const { service, action } = rule;
    if (action === 'rebuild') {
      say(this.context, `${service}: ${describe(changes)}, building it again`);
      return this.#rebuild(service);
    }
    if (action !== 'restart') await this.sync(rule, changes);
    if (action === 'restart') say(this.context, `${service}: ${describe(changes)}`);
    if (action === 'restart' || action === 'sync+restart') await this.#restart(service);
    if (action === 'sync+exec') await this.#exec(rule);
  }

  /** Into all containers of the service that exist. */
  async sync({ service, path, target = '' }: ServiceRule, changes: TreeChanges): Promise<void> {
    const names = this.#rows(service).map(({ name }) => name);
    const what = { source: path, target, ...changes };
    await syncFiles(this.context, this.stack, names, what, { lockTimeout: PATIENCE });
    say(this.context, `${service}: synced ${describe(changes)} to ${target}`);
  }

  /** Each time as a new command: it reads the file and the image again. */
  async #rebuild(service: string): Promise<void> {
    const fresh = new Context(this.context.options, this.context.frontend);
    const options = { build: true, alone: true, quiet: true, lockTimeout: PATIENCE };
    this.#require(await up(fresh, [service], options), `build ${service}`);
    say(this.context, `${service}: is up again`);
  }

  async #restart(service: string): Promise<void> {
    const names = this.#rows(service).map(({ name }) => name);
    const how = { silent: true, lockTimeout: PATIENCE };
    const code = await changeLifecycle(this.context, 'restart', this.stack, names, how);
    this.#require(code, `restart ${service}`);
    say(this.context, `${service}: restarted`);
  }

  async #exec({ service, exec }: ServiceRule): Promise<void> {
    if (!exec) return;
    const { command, ...how } = exec;
    const { runtime } = await this.context.host();
    for (const { name, spec } of this.#rows(service)) {
      const ran = await runtime.execute(spec.id, command, { ...how, timeout: EXEC_LIMIT });
      const line = shorten(command.join(' '), 80);
      if (!ran) throw new UserError(`cannot run ${line} in ${name}: it is not running`);
      const { code, output } = ran;
      const end = shorten(output.trimEnd(), SHOWN);
      if (code !== 0)
        throw new UserError(`cannot run ${line} in ${name}: exit code ${code}: ${end}`);
      say(this.context, `${name}: ran ${line}${end && `: ${end}`}`);
    }
  }

  /** Without the proxy of a farm, which has no files of it. */
  #rows(service: string): ContainerRow[] {
    const rows = membersOf(this.context.state().rows, this.stack, service);
    const found = rows.filter(({ name, spec }) => name === service || !spec.proxy);
    if (found.length > 0) return found;
    throw new UserError(
      `cannot change ${service}: it has no container`,
      `baleine up -d ${service}`,
    );
  }

  #require(code: number | undefined, purpose: string): void {
    if (code === INTERRUPTED) throw new Interrupted('interrupted');
    if (code !== 0) throw new UserError(`cannot ${purpose}: see above`);
  }
}

/** Milliseconds to wait for another baleine, as one from cron. */
const PATIENCE = 60_000;

function describe({ changed, removed }: TreeChanges): string {
  const [first = ''] = [...changed, ...removed];
  const count = changed.length + removed.length;
  if (count > 1) return `${count} files`;
  return first === '' ? 'the file' : first;
}
