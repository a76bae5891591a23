import { currentScale, withScale } from '../../farm/scale.js';
import type { Context as DesiredContext } from '../../kinds/desired-context.js';
import { desiredImages } from '../../kinds/image/desired.js';
import { addressOf } from '../../model/address.js';
import type { Config, ContainerEntry } from '../../model/config.js';
import { imageVersion } from '../../model/image-version.js';
import { digest, equal } from '../../model/json.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ImageSpec, Scaled } from '../../model/specs.js';
import type {
  ContentSpec,
  DeclaredContent,
  NetworkSpec,
  ServiceSpec,
  SwarmImageSpec,
} from '../../model/swarm.js';
import { contentOf, desiredFarm } from './farm.js';
import { objectName, repositoryOf, serversOf } from './names.js';
import { desiredService, type ImageReference, type Parts } from './service.js';

/** Every resource of the stack in the cluster, in an order suited to readers. Pure. */
export function desiredInSwarm(context: DesiredContext): Resource[] {
  const { config, sources } = context;
  const images = imagesOf(context);
  const contents = contentsOf(context);
  const networks = networksOf(context);
  const parts: Parts = { config, images: images.references, contents, networks };
  const farms = Object.entries(config.farms).map(([name, farm]) => {
    const scaled = scaleIn(context, name, serversOf(name), farm.servers);
    return desiredFarm(name, withScale(farm, scaled), parts, sources, scaled);
  });
  const services = Object.entries(config.containers).map(([name, entry]) => {
    const scaled = scaleIn(context, name, name, entry);
    const replicas = scaled?.servers ?? entry.replicas ?? 1;
    const wanted = { name, entry, path: ['containers', name], replicas };
    return desiredService({ ...wanted, ...(scaled && { scaled }) }, parts);
  });
  const all = [...services, ...farms.flatMap((farm) => farm.services)];
  const kept = images.resources.filter(({ address }) => isNeeded(address, all, images.resources));
  return [
    ...kept,
    ...networks.values(),
    ...contents.values(),
    ...farms.flatMap((farm) => farm.contents),
    ...all,
  ];
}

/** The scale of a service set by `baleine scale`, now or earlier. */
function scaleIn(
  { config, rows, scale }: DesiredContext,
  name: string,
  service: string,
  { replicas = 1 }: ContainerEntry,
): Scaled | undefined {
  const row = rows.find(
    (each) => each.kind === 'service' && each.stack === config.name && each.name === service,
  );
  return currentScale(replicas, scale?.[name], (row?.spec as ServiceSpec | undefined)?.scaled);
}

interface Images {
  resources: Resource<SwarmImageSpec>[];
  references: Map<string, ImageReference>;
}

/** An image of a registry stays there; all others are made on this host, as for a stack of its own. */
function imagesOf(context: DesiredContext): Images {
  const { config } = context;
  const { resources } = desiredImages(context);
  const references = new Map<string, ImageReference>();
  const made = resources.flatMap((resource): Resource<SwarmImageSpec>[] => {
    const { name, spec } = resource;
    const direct = directReference(spec);
    if (direct !== undefined) {
      references.set(name, { reference: direct, made: false });
      return isBase(name, config) ? [withReference(resource, spec, context)] : [];
    }
    const own = withReference(resource, spec, context);
    references.set(name, { reference: own.spec.reference, made: true });
    return [own];
  });
  return { resources: made, references };
}

function withReference(
  resource: Resource<ImageSpec>,
  spec: ImageSpec,
  { config: { name, swarm } }: Pick<DesiredContext, 'config'>,
): Resource<SwarmImageSpec> {
  const repository = repositoryOf(name, resource.name, swarm?.registry);
  // of its content, and of what containers inherit from it
  const reference = `${repository}:${digest([imageVersion(spec), spec.config], 12)}`;
  const { previous: _previous, ...rest } = spec;
  const own: SwarmImageSpec = { ...rest, stack: name, reference };
  if (swarm?.registry !== undefined) own.pushed = true;
  const { transitionalSpec: _never, ...plain } = resource;
  return { ...plain, spec: own };
}

/** Of an image that is one of a registry, unchanged: pinned to what the plan has found. */
function directReference({ from, copy, run, origin }: ImageSpec): string | undefined {
  if (!('registry' in from) || copy.length > 0 || run.length > 0) return undefined;
  const { registry } = from as { registry: string };
  const [name] = registry.split('@');
  return origin?.manifest === undefined ? registry : `${name}@${origin.manifest}`;
}

const isBase = (name: string, { images }: Config) =>
  Object.values(images).some(
    (each) => !each.external && 'image' in each.from && each.from.image === name,
  );

/** An image that no service and no other image needs is not brought to the nodes. */
function isNeeded(
  address: string,
  services: readonly Resource[],
  images: readonly Resource[],
): boolean {
  return [...services, ...images].some(({ needs }) => needs.some((each) => each === address));
}

/**
 * The networks of the stack, by their bridges. One that is to be another one gets another name, so that
 * services move there one by one before the old one is removed.
 */
function networksOf({ config, rows }: DesiredContext): Map<string, Resource<NetworkSpec>> {
  const { name: stack, bridges, swarm } = config;
  const recorded = (rows as readonly Row<NetworkSpec>[]).filter(
    (row) => row.kind === 'network' && row.stack === stack,
  );
  const all = Object.entries(bridges).flatMap(([bridge, entry]) => {
    if (entry.external) return [];
    const { isolated = false, protect = false } = entry;
    const keys = { isolated, encrypted: swarm?.encrypted ?? false };
    const other = `${bridge}-${digest(keys, 6)}`;
    const own = recorded.filter(({ name }) => name === bridge || name === other);
    const same = own.find(({ spec }) => equal(pick(spec), keys));
    const name = same?.name ?? (own.some((row) => row.name === bridge) ? other : bridge);
    const resource: Resource<NetworkSpec> = {
      ...{ address: addressOf('network', name), kind: 'network', name, protect },
      spec: { id: objectName(stack, name), stack, ...keys },
      ...{ needs: [], entry: ['bridges', bridge] },
    };
    return [[bridge, resource] as const];
  });
  return new Map(all);
}

const pick = ({ isolated, encrypted }: NetworkSpec) => ({ isolated, encrypted });

/** The used secrets and configs of the file, by section and name. */
function contentsOf({
  config,
  fileDigests = {},
}: DesiredContext): Map<string, Resource<ContentSpec>> {
  const all = (['secrets', 'configs'] as const).flatMap((section) =>
    Object.keys(config[section] ?? {}).flatMap((name): [string, Resource<ContentSpec>][] => {
      const digest = fileDigests[`${section}.${name}`];
      if (digest === undefined) return [];
      const kind = section === 'secrets' ? 'secret' : 'config';
      const origin = config[section]?.[name];
      const from: DeclaredContent = {
        ...{ section, source: name },
        ...(origin && !('content' in origin) && { origin }),
      };
      return [[`${section}.${name}`, contentOf(kind, name, config.name, { digest, from })]];
    }),
  );
  return new Map(all);
}
