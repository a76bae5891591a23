import { currentScale, withScale } from '../../farm/scale.js';
import type { Context as DesiredContext } from '../../kinds/desired-context.js';
import { desiredImages } from '../../kinds/image/desired.js';
import { addressOf } from '../../model/address.js';
import type { Config, ContainerEntry } from '../../model/config.js';
import { imageVersion } from '../../model/image-version.js';
import { digest, equal } from '../../model/json.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import type { ImageSpec } from '../../model/specs.js';
import type {
  ContentSpec,
  DeclaredContent,
  NetworkSpec,
  ServiceSpec,
  SwarmImageSpec,
} from '../../model/swarm.js';
import { contentOf, desiredFarm } from './farm.js';
import { objectName, repositoryIn, repositoryOf, serversOf } from './names.js';
import { imagesOf as releasedImages, type ServiceRow } from './release.js';
import { desiredService, type ImageReference, type Parts } from './service.js';

/** Every resource of the stack in the cluster, in an order suited to readers. Pure. */
export function desiredInSwarm(context: DesiredContext): Resource[] {
  const { config, sources } = context;
  const images = imagesOf(context);
  const contents = contentsOf(context);
  const networks = networksOf(context);
  const rows = servicesIn(context);
  const parts: Parts = { config, images: images.references, contents, networks, rows };
  const farms = Object.entries(config.farms).map(([name, farm]) => {
    const scaled = scaleIn(context, name, rows.get(serversOf(name)), farm.servers);
    return desiredFarm(name, withScale(farm, scaled), parts, sources, scaled);
  });
  const services = Object.entries(config.containers).map(([name, entry]) => {
    const wanted = { name, entry, path: ['containers', name] };
    if (entry.placement?.each_node) {
      return desiredService({ ...wanted, replicas: 'per node' }, parts);
    }
    const scaled = scaleIn(context, name, rows.get(name), entry);
    const replicas = scaled?.servers ?? entry.replicas ?? 1;
    return desiredService({ ...wanted, replicas, ...(scaled && { scaled }) }, parts);
  });
  const known = [...images.resources, ...undeclaredImages(context, images.references)];
  const all = [...services, ...farms.flatMap((farm) => farm.services)].map((each) =>
    withPinnedImage(each, known),
  );
  return [
    ...known.filter(({ address }) => isNeeded(address, all, known)),
    ...networks.values(),
    ...contents.values(),
    ...farms.flatMap((farm) => farm.contents),
    ...all,
  ];
}

/** The scale of a service set by `baleine scale`, now or earlier. */
const scaleIn = (
  { scale }: DesiredContext,
  name: string,
  row: ServiceRow | undefined,
  { replicas = 1 }: ContainerEntry,
) => currentScale(replicas, scale?.[name], row?.spec.scaled);

function servicesIn({ config, rows }: DesiredContext): Map<string, ServiceRow> {
  const own = rows.filter(({ kind, stack }) => kind === 'service' && stack === config.name);
  return new Map(own.map((row) => [row.name, row as ServiceRow]));
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
  context: DesiredContext,
): Resource<SwarmImageSpec> {
  const { name, swarm } = context.config;
  const repository = repositoryOf(name, resource.name, swarm?.registry);
  // of its content, and of what containers inherit from it
  const reference = `${repository}:${digest([imageVersion(spec), spec.config], 12)}`;
  const { previous: _previous, ...rest } = spec;
  const own: SwarmImageSpec = { ...rest, stack: name, reference };
  if (swarm?.registry !== undefined) own.pushed = true;
  const used = [...servicesIn(context).values()].flatMap((row) => releasedImages(row.spec));
  const kept = used.filter((each) => repositoryIn(each) === repository && each !== reference);
  if (kept.length > 0) own.kept = [...new Set(kept)].sort();
  const { transitionalSpec: _never, ...plain } = resource;
  return { ...plain, spec: own };
}

/** Recorded images that the file has no more; pinned services may use them. */
function undeclaredImages(
  { config, rows }: DesiredContext,
  declared: ReadonlyMap<string, unknown>,
): Resource<SwarmImageSpec>[] {
  const gone = rows.filter(
    ({ kind, stack, name }) => kind === 'image' && stack === config.name && !declared.has(name),
  );
  return gone.map((row) => resourceFromRow(row) as Resource<SwarmImageSpec>);
}

/** A service that is pinned to a release needs the image of that. */
function withPinnedImage(
  service: Resource<ServiceSpec>,
  images: readonly Resource<SwarmImageSpec>[],
): Resource<ServiceSpec> {
  const { spec, needs } = service;
  const repository = spec.held && repositoryIn(spec.held.to.image);
  const image = images.find((each) => repositoryIn(each.spec.reference) === repository);
  if (!image || needs.includes(image.address)) return service;
  return { ...service, needs: [image.address, ...needs] };
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
