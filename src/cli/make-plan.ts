import { readProfiles } from '../config/profiles.js';
import { fingerprint, missingSources } from '../config/sources.js';
import type { Probe } from '../host/host.js';
import { kinds } from '../kinds/index.js';
import type { Address } from '../model/address.js';
import { BY_HAND } from '../model/by-hand.js';
import type { Config, ImageEntry } from '../model/config.js';
import { UserError } from '../model/errors.js';
import type { Plan } from '../model/plan.js';
import { asRecorded, type Resource, type Row } from '../model/resource.js';
import { buildPlan } from '../plan/build.js';
import { asksForMore, refuseBeyond } from '../plan/capacity.js';
import { desiredByHand } from '../plan/desired/by-hand.js';
import { certificateKey } from '../plan/desired/context.js';
import { desired } from '../plan/desired/index.js';
import { assumeUnmoved, type Observed, observe } from '../plan/observe.js';
import { opensPorts, refuseTaken } from '../plan/published.js';
import { scaleTargets } from '../plan/scale.js';
import { askHealth } from './ask-health.js';
import type { Context } from './context.js';
import { originsOf } from './origins.js';

export interface Wishes {
  /** Empty: everything. */
  targets?: Address[];
  replace?: Address[];
  /** False: believe the host to be as it was left. */
  refresh?: boolean;
  /** Health that is due is asked for, and `note`: that it was is kept, to be asked again an interval later. */
  health?: 'ask' | 'note';
  /** Farms that are to have so many servers, and nothing but them in sight. */
  scale?: Record<string, number>;
}

/** What it takes to have the stack as its file says. */
export async function planStack(
  context: Context,
  config: Config,
  rows: readonly Row[],
  wishes: Wishes,
): Promise<Plan> {
  const { scale, refresh = true } = wishes;
  const looking = refresh ? context.probe() : undefined;
  // whatever stops us first is told
  looking?.catch(() => undefined);
  const resources = await wantedBy(config, context, rows, scale);
  const targets = scale && scaleTargets(Object.keys(scale), config.name, resources, rows);
  const inSight = targets ? { ...wishes, targets } : wishes;
  const plan = await planOf(context, config.name, resources, rows, { ...inSight, looking });
  if (opensPorts(plan))
    refuseTaken((await context.configWithLines()) ?? config, context.capacity());
  return plan;
}

/** What it takes to be rid of the stack, by what is on record alone. */
export async function planDestroy(
  context: Context,
  stack: string,
  rows: readonly Row[],
  wishes: Wishes,
): Promise<Plan> {
  return planOf(context, stack, [], rows, wishes, 'asked to be destroyed');
}

/** What it takes to have the stack as it is on record but for what `edit` makes of it. */
export async function planRecorded(
  context: Context,
  stack: string,
  rows: readonly Row[],
  edit: (resource: Resource) => Resource,
  wishes: Wishes,
): Promise<Plan> {
  const resources = rows.filter((row) => row.stack === stack).map(asRecorded);
  return planOf(context, stack, resources.map(edit), rows, wishes);
}

/** A change of what was made by hand. */
export interface HandChange {
  /** What is to be there in addition, or instead of what bears the same name. */
  config: Config;
  /** What is to go. */
  gone: Address[];
  /** What of the plan is to be carried out; names of peers follow by themselves. */
  targets: Address[];
  /** What a file has no words for. */
  made: Resource[];
  edit: (resource: Resource) => Resource;
}

/** What it takes to have what was made by hand, with a change. */
export async function planByHand(
  context: Context,
  rows: readonly Row[],
  { config, gone, targets, made, edit }: HandChange,
): Promise<Plan> {
  if (asksForMore(config)) refuseBeyond(config, context.capacity());
  const [sources, origins] = [fingerprints(config), await originsOf(context, config, rows)];
  const profiles = readProfiles(config);
  const by = { config, rows, site: context.site, sources, origins, profiles };
  const { resources, targets: all } = desiredByHand(by, targets, gone);
  const wanted = [...resources.map(edit), ...made];
  return planOf(context, BY_HAND, wanted, rows, { targets: all }, 'asked for');
}

/**
 * All that the file asks for. What stands in the way is told with its line, and a recalled
 * config does not know the lines.
 */
export async function wantedBy(
  config: Config,
  context: Context,
  rows: readonly Row[],
  scale: Record<string, number> = {},
): Promise<Resource[]> {
  const capacity = asksForMore(config) ? context.capacity() : undefined;
  const by = async (each: Config) => {
    if (capacity) refuseBeyond(each, capacity);
    const [sources, origins] = [fingerprints(each), await originsOf(context, each, rows)];
    const profiles = readProfiles(each);
    const { site } = context;
    return desired({ config: each, rows, site, sources, origins, profiles, scale });
  };
  try {
    return await by(config);
  } catch (error) {
    const withLines = await context.configWithLines();
    if (!withLines) throw error;
    return by(withLines);
  }
}

/**
 * What it takes to start one container again, by its row alone, if it has ended. Nothing is looked
 * for: beside one row, all else of the stack would count as orphaned.
 */
export async function planHeal(context: Context, row: Row): Promise<Plan> {
  const resource = asRecorded(row);
  const { stack } = row;
  const observed = observe(kinds, [resource], [row], await context.probe(), context.site);
  const { site } = context;
  const targets = [resource.address];
  return buildPlan({ stack, resources: [resource], rows: [row], observed, kinds, site, targets });
}

/** A look at the host that has begun: it lists its links while we reckon what there should be. */
interface Looking {
  looking?: Promise<Probe> | undefined;
}

/** What it takes to have these resources, by what is on record. */
export async function planOf(
  context: Context,
  stack: string,
  resources: Resource[],
  all: readonly Row[],
  { targets = [], replace = [], refresh = true, health, looking }: Wishes & Looking,
  goneReason?: string,
): Promise<Plan> {
  const rows = all.filter((row) => row.stack === stack);
  const observed = refresh
    ? await look(context, stack, resources, rows, health, looking)
    : assumeUnmoved(kinds, rows);
  return buildPlan({
    stack,
    resources,
    rows,
    observed,
    kinds,
    site: context.site,
    targets,
    replace,
    ...(goneReason !== undefined && { goneReason }),
  });
}

async function look(
  context: Context,
  stack: string,
  resources: Resource[],
  rows: Row[],
  health: Wishes['health'],
  looking = context.probe(),
): Promise<Observed> {
  const probe = await looking;
  const answered = health ? await askHealth(context, rows, probe, health === 'note') : probe;
  return observe(kinds, resources, rows, answered, context.site, stack);
}

/** Of the local files that go into each image, and of each farm's certificate. */
function fingerprints(config: Config): Record<string, string> {
  const images = Object.entries(config.images).flatMap(([name, image]) => {
    const paths = localFiles(image);
    return paths.length === 0 ? [] : [[name, fingerprint(paths)] as const];
  });
  return Object.fromEntries([...images, ...certificates(config)]);
}

function certificates({ farms, where }: Config): [string, string][] {
  return Object.entries(farms).flatMap(([name, { proxy }]): [string, string][] => {
    if (!proxy.tls) return [];
    const [missing] = missingSources(proxy.tls.files);
    if (missing === undefined) return [[certificateKey(name), fingerprint(proxy.tls.files)]];
    const place = where(['farms', name, 'proxy', 'tls']);
    throw new UserError(`${place}: cannot read ${missing}: no such file`);
  });
}

function localFiles(image: ImageEntry): string[] {
  if (image.external) return [];
  const { from, copy } = image;
  const copied = copy.map((each) => each.from);
  if ('tar' in from) return [from.tar, ...copied];
  if ('directory' in from) return [from.directory, ...copied];
  return copied;
}
