import { type Address, addressOf } from '../model/address.js';
import type { Config, ImageEntry } from '../model/config.js';
import { messageOf, UserError } from '../model/errors.js';
import { isNeverCreated, pendingReason, type Row } from '../model/resource.js';
import type { ImageFacts, ImageSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { withFetching } from './fetching.js';
import { jsonLine } from './frontend.js';
import { exportedImage } from './images.js';
import { executeBriefly, withStoreOrWait } from './imperative/change.js';
import { planStack } from './make-plan.js';
import type { ChangeOptions } from './options.js';
import { imagesOf, requireServices, withDependencies } from './services.js';

/** Of `build`, `pull` and `push`, which work on the images of services and leave containers alone. */
export interface ServiceImageOptions extends ChangeOptions {
  /** Also of what the named services depend on. */
  includeDeps?: boolean;
}

interface Chosen {
  config: Config;
  /** With those that they are built on. */
  images: [string, ImageEntry][];
}

async function choose(
  context: Context,
  services: readonly string[],
  purpose: string,
  { includeDeps = false }: ServiceImageOptions,
): Promise<Chosen> {
  const named = [...new Set(services)];
  const config = await context.config(named.length > 0 ? { named } : {});
  requireServices(config, named, purpose);
  const all = named.length === 0 || includeDeps ? withDependencies(config, named) : named;
  const names = imagesOf(config, all);
  context.neededImages = names;
  const images = Object.entries(config.images).filter(([name]) => names.has(name));
  return { config, images };
}

const isPulled = ([, image]: [string, ImageEntry]) => !image.external && 'registry' in image.from;

/** Makes the images of services, and builds Dockerfiles again. Answers the exit code. */
export async function buildImages(
  context: Context,
  services: readonly string[],
  { args = {}, ...options }: ServiceImageOptions & { args?: Record<string, string> },
): Promise<number> {
  const { config, images } = await choose(context, services, 'build', options);
  const made = images.filter((each) => !each[1].external && !isPulled(each));
  const names = new Set(made.map(([name]) => name));
  context.buildArgs = args;
  const code = await makeImages(
    context,
    withFetching(config, { build: true }, names),
    names,
    options,
  );
  for (const each of images.filter(isPulled))
    say(context, each[0], 'is pulled, not built', options);
  return code;
}

/** Asks the registries about the images of services. Answers the exit code. */
export async function pullImages(
  context: Context,
  services: readonly string[],
  { policy = 'always', ...options }: ServiceImageOptions & { policy?: 'always' | 'missing' },
): Promise<number> {
  const { config, images } = await choose(context, services, 'pull', options);
  const names = new Set(images.filter(isPulled).map(([name]) => name));
  const code = await makeImages(
    context,
    withFetching(config, { pull: policy }, names),
    names,
    options,
  );
  for (const [name, image] of images) {
    if (names.has(name)) continue;
    say(
      context,
      name,
      image.external ? 'is external, not pulled' : 'is made here, not pulled',
      options,
    );
  }
  return code;
}

/** Converges these images, and nothing else; says which were up to date. */
async function makeImages(
  context: Context,
  config: Config,
  names: ReadonlySet<string>,
  options: ServiceImageOptions,
): Promise<number> {
  // no targets would mean all resources
  if (names.size === 0) return 0;
  const targets = [...names].map((name): Address => addressOf('image', name));
  return withStoreOrWait(context, options, async (store) => {
    const plan = await planStack(context, config, store, { targets });
    const code = await executeBriefly(context, store, options, plan);
    const changed = new Set(plan.changes.map(({ address }) => address));
    for (const name of names) {
      if (!changed.has(addressOf('image', name))) say(context, name, 'is up to date', options);
    }
    return code;
  });
}

function say({ frontend }: Context, image: string, what: string, { json }: ChangeOptions): void {
  frontend.report(json ? jsonLine({ image, result: what }) : `image.${image} ${what}\n`);
}

/**
 * Copies the images of services to the registries in their names. Answers the exit code: with
 * `ignoreFailures` others are pushed although one fails, and the code is 1.
 */
export async function pushImages(
  context: Context,
  services: readonly string[],
  options: ServiceImageOptions & { ignoreFailures?: boolean },
): Promise<number> {
  const { config, images } = await choose(context, services, 'push', options);
  const named = images.flatMap(([name, image]) => {
    const to = referenceOf(image);
    return to === undefined ? [] : [{ name, to }];
  });
  if (named.length === 0) {
    throw new UserError(
      'cannot push: none of these images has a name in a registry',
      'In a compose file, give a service image: beside build:; in baleine.yaml, an image reference:.',
    );
  }
  return withStoreOrWait(context, options, async ({ rows }) => {
    const found = named.map(({ name, to }) => ({ name, to, row: rowOf(rows, config.name, name) }));
    const { images: port } = await context.host();
    let failed = false;
    for (const { name, to, row } of found) {
      try {
        await context.undoable(() => port.push(exportedImage(context, row, to)));
        say(context, name, `is pushed to ${to}`, options);
      } catch (error) {
        if (!options.ignoreFailures) throw error;
        failed = true;
        context.frontend.warn(`Error: ${messageOf(error)}\n`);
      }
    }
    return failed ? 1 : 0;
  });
}

/** What has no name in a registry is not pushed. */
function referenceOf(image: ImageEntry): string | undefined {
  if (image.external) return undefined;
  return image.reference ?? ('registry' in image.from ? image.from.registry : undefined);
}

function rowOf(rows: readonly Row[], stack: string, name: string): Row<ImageSpec, ImageFacts> {
  const row = rows.find(
    (each) => each.kind === 'image' && each.stack === stack && each.name === name,
  );
  if (row && !isNeverCreated(row)) return row as Row<ImageSpec, ImageFacts>;
  const why = row ? `it is unfinished: ${pendingReason(row)}` : 'it is not made yet';
  throw new UserError(`cannot push image ${name}: ${why}`, `baleine build, or baleine apply`);
}
