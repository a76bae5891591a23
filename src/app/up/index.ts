import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { Context } from '../context.js';
import { contextOf } from '../engine.js';
import { type FetchOptions, withFetching } from '../fetching.js';
import type { RunOptions, Selection, WaitOptions } from '../options.js';
import { imagesOf, requireServices, withDependencies } from '../services.js';

export interface UpOptions extends RunOptions, WaitOptions, FetchOptions {
  /** Without what the services depend on. */
  alone?: boolean;
  recreate?: 'always' | 'never';
  /** Number of replicas by service. */
  scale?: Readonly<Record<string, number>>;
}

/**
 * Converges services to the file without asking: all, or these and what they depend on. What a person
 * has stopped starts again. Answers the exit code.
 */
export async function up(
  context: Context,
  services: readonly string[],
  options: UpOptions,
): Promise<number | undefined> {
  return applyUp(context, await prepareUp(context, services, options), options);
}

/** What `up` is about. */
export interface Prepared {
  config: Config;
  selection: Selection;
}

/** @throws UserError for services that the file does not have */
export async function prepareUp(
  context: Context,
  services: readonly string[],
  { alone = false, recreate, scale = {}, pull, build }: UpOptions,
): Promise<Prepared> {
  const named = [...new Set(services)];
  const active = named.length > 0 ? { named } : {};
  const first = await context.config(active);
  requireServices(first, named, 'start');
  requireServices(first, Object.keys(scale), 'scale');
  const { farms, others } = byFarm(scale, first);
  const isScaled = Object.keys(others).length > 0;
  const config = isScaled ? await context.config({ ...active, scale: others }) : first;
  const started = alone ? named : withDependencies(config, named);
  const only = named.length > 0 ? imagesOf(config, started) : undefined;
  context.neededImages = only;
  return {
    config: withFetching(config, { ...(pull && { pull }), ...(build && { build }) }, only),
    selection: {
      services: named,
      alone: alone && named.length > 0,
      ...(recreate && { recreate }),
      ...(Object.keys(farms).length > 0 && { scale: farms }),
    },
  };
}

/** A farm keeps its number, as by `baleine scale`; other services have theirs until the next apply. */
function byFarm(scale: Readonly<Record<string, number>>, { farms }: Config) {
  const isFarm = ([name]: [string, number]) => Object.hasOwn(farms, name);
  const all = Object.entries(scale);
  return {
    farms: Object.fromEntries(all.filter(isFarm)),
    others: Object.fromEntries(all.filter((each) => !isFarm(each))),
  };
}

export async function applyUp(
  context: Context,
  { config, selection }: Prepared,
  options: UpOptions,
): Promise<number | undefined> {
  if (options.recreate === 'never' && options.build) {
    throw new UserError(
      'cannot build again and keep the containers as they are: give --build or --no-recreate',
    );
  }
  const { applyStack } = await import('../apply-stack.js');
  const how = { ...options, autoApprove: true, up: selection };
  return applyStack(await contextOf(context, config), config, how);
}
