import { rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ApiService, Cluster, ClusterHost } from '../../host/cluster.js';
import { image as local } from '../../kinds/image/index.js';
import type { ObservedImage } from '../../kinds/image/observe.js';
import type { ImageVerbs } from '../../kinds/image/steps.js';
import type { Kind } from '../../kinds/kind.js';
import { drift, fromFile } from '../../model/difference.js';
import { originalOf } from '../../model/image-version.js';
import { type InstallPaths, imageFile } from '../../model/install-paths.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { Facts, StepOf } from '../../model/step.js';
import type { SwarmImageFacts, SwarmImageSpec } from '../../model/swarm.js';
import { repositoryIn } from '../desired/names.js';
import { clusterIn } from './objects.js';

interface Observed {
  /** Absent: its file is gone from this host. */
  local?: ObservedImage;
  /** Nodes with an engine that is reached, and without the image. */
  lacking: string[];
}

interface DistributeVerbs {
  /** Brings an image to its registry, or to nodes. */
  'image.distribute': {
    file: string;
    reference: string;
    config: SwarmImageSpec['config'];
    original?: NonNullable<ReturnType<typeof originalOf>>;
    /** Absent: it is pushed. */
    nodes?: string[];
  };
  /** Takes the versions of an image from the nodes that are reached, except for these. */
  'image.withdraw': { repository: string; keep: string[] };
}

type Verbs = ImageVerbs & DistributeVerbs;
type Steps = StepOf<Verbs>[];

/** An image that this host makes, as for containers of its own, and that the nodes get. */
export const image: Kind<SwarmImageSpec, SwarmImageFacts, Observed, Verbs> = {
  name: 'image',
  table: {
    file: 'images.csv',
    columns: [
      ...local.table.columns,
      { header: 'REFERENCE', value: ({ spec }) => (spec as SwarmImageSpec).reference },
    ],
  },
  identity: ({ id }) => id,
  observe: (spec, facts, probe, paths) => {
    const seen = local.observe(spec, facts, probe, paths);
    const nodes = Object.entries(clusterIn(probe).images);
    const lacking = nodes.filter(([, references]) => !references.includes(spec.reference));
    return {
      ...(seen && { local: seen }),
      lacking: spec.pushed ? [] : lacking.map(([node]) => node),
    };
  },
  assume: (spec, facts) => ({ local: local.assume(spec, facts), lacking: [] }),
  foreign: local.foreign,
  compare,
  create: (resource, reason, paths) => [
    ...(local.create(resource, reason, paths) as Steps),
    distribute(resource.spec, reason, paths),
  ],
  update,
  remove: (row, reason, paths) => [
    withdraw(row.spec, [], reason),
    ...(local.remove(row, reason, paths) as Steps),
  ],
  handlers: async (host, paths) => {
    const { cluster, images } = host as ClusterHost;
    return {
      ...(await local.handlers(host, paths)),
      'image.distribute': { one: (args) => distributeNow(args, cluster, images) },
      'image.withdraw': {
        waits: true,
        one: async ({ repository, keep }) => {
          await cluster.removeImages(repository, [...keep, ...(await imagesInUse(cluster))]);
          return undefined;
        },
      },
    };
  },
};

/** Those of all services, whoever made them: tasks may start on any node at any time. */
async function imagesInUse(cluster: Cluster): Promise<string[]> {
  const { services } = await cluster.look([]);
  return services.flatMap(({ spec }) => {
    const { ContainerSpec: container } = (spec.TaskTemplate ?? {}) as {
      ContainerSpec?: ApiService;
    };
    return typeof container?.Image === 'string' ? [container.Image] : [];
  });
}

function compare(
  desired: Resource<SwarmImageSpec>,
  row: Row<SwarmImageSpec, SwarmImageFacts>,
  { local: seen, lacking }: Observed,
): Difference[] {
  const { reference } = desired.spec;
  const built = seen
    ? local.compare(desired, row, seen)
    : [drift('file', 'its file is gone from this host')];
  if (row.spec.reference !== reference) {
    return [...built, fromFile('reference', row.spec.reference, reference)];
  }
  if (lacking.length === 0) return built;
  return [...built, drift('nodes', `missing on ${lacking.join(', ')}`)];
}

function update(
  desired: Resource<SwarmImageSpec>,
  row: Row<SwarmImageSpec, SwarmImageFacts>,
  observed: Observed,
  differences: Difference[],
  paths: InstallPaths,
): Steps {
  const { local: seen, lacking } = observed;
  const reason = differences.map((each) => each.reason).join(', ');
  const built = seen
    ? local.update(desired, row, seen, differences.filter(isOfFile), paths)
    : local.create(desired, reason, paths);
  const isNew = built.length > 0 || row.spec.reference !== desired.spec.reference;
  const nodes = isNew || desired.spec.pushed ? undefined : lacking;
  const { reference, kept = [] } = desired.spec;
  const used = [...new Set([reference, row.spec.reference, ...kept])];
  return [
    ...(built as Steps),
    distribute(desired.spec, reason, paths, nodes),
    ...(isNew ? [withdraw(desired.spec, used, 'older versions')] : []),
  ];
}

/** The last version stays, and what services run or can go back to. */
const withdraw = (
  { reference }: SwarmImageSpec,
  keep: string[],
  reason: string,
): StepOf<DistributeVerbs> => {
  return { verb: 'image.withdraw', args: { repository: repositoryIn(reference), keep }, reason };
};

const isOfFile = ({ attribute }: Difference) => attribute !== 'reference' && attribute !== 'nodes';

function distribute(
  spec: SwarmImageSpec,
  reason: string,
  paths: InstallPaths,
  nodes?: string[],
): StepOf<DistributeVerbs> {
  const original = originalOf(spec);
  const args = {
    file: imageFile(paths, spec.id),
    reference: spec.reference,
    config: spec.config,
    ...(original && { original }),
    ...(!spec.pushed && { nodes: nodes ?? [] }),
  };
  return { verb: 'image.distribute', args, reason };
}

/** Without nodes: all that are reached. */
async function distributeNow(
  { file, reference, config, original, nodes }: DistributeVerbs['image.distribute'],
  cluster: Cluster,
  images: ClusterHost['images'],
): Promise<Facts> {
  const exported = {
    ...{ source: { file }, config, reference, created: statSync(file).mtime.toISOString() },
    ...(original && { original }),
  };
  if (!nodes) await images.push(exported);
  else {
    const archive = join(dirname(file), `.${reference.replaceAll(/[^A-Za-z0-9.-]/g, '-')}.tar`);
    rmSync(archive, { force: true });
    try {
      await images.export(exported, archive, 'docker');
      for (const each of nodes.length > 0 ? nodes : cluster.reached()) {
        await cluster.loadImage(each, archive);
      }
    } finally {
      rmSync(archive, { force: true });
    }
  }
  return { distributed: reference } satisfies SwarmImageFacts;
}
