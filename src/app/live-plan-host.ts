import { fingerprint, missingSources, refuseNoFolder } from '../config/content-hash.js';
import { readProfiles } from '../config/profiles.js';
import type { Probe } from '../host/ports.js';
import { needsLease, withGateways } from '../kinds/bridge/auto-gateway.js';
import { needsSubnet, withSubnets } from '../kinds/bridge/auto-subnet.js';
import { checkCapacity } from '../kinds/container/capacity.js';
import { dueForHealth } from '../kinds/container/health.js';
import { withHostPorts } from '../kinds/container/host-ports.js';
import { certificateKey, type Context as DesiredContext } from '../kinds/desired-context.js';
import { type Config, entriesOf } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { localFiles } from '../model/image-version.js';
import type { Row } from '../model/resource.js';
import type { BridgeSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { refuseSwarm } from './local-only.js';
import type { PlanHost } from './plan-host.js';
import { resolveImages } from './resolve-images.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * The input of the desired resources, by `context.planHost` or from this host.
 *
 * @throws UserError for capacity or files that the host does not have, and for a stack on a swarm
 */
export async function desiredInput(
  config: Config,
  context: Context,
  rows: readonly Row[],
  scale: Record<string, number> = {},
): Promise<DesiredContext> {
  refuseSwarm(config);
  const host = context.planHost ?? livePlanHost(context);
  checkCapacity(config, host.capacity());
  const inputs = await host.inputs(config, rows);
  // what is recorded needs no look at the host
  const asks = needsSubnet(config, rows) || needsLease(config, rows);
  const preconditions = asks ? await host.preconditions() : undefined;
  const problem =
    preconditions &&
    ((spec: BridgeSpec) =>
      spec.subnet6 === undefined
        ? preconditions.subnetProblem(spec, NONE)
        : preconditions.subnet6Problem(spec, NONE));
  const { listener } = host.capacity();
  const placed = withGateways(withSubnets(config, rows, problem), rows, preconditions?.lease);
  const complete = withHostPorts(placed, rows, listener);
  return { config: complete, rows, paths: context.paths, ...inputs, scale };
}

/** This host, as plans see it. What only some plans need is loaded when they do. */
export function livePlanHost(context: Context): PlanHost {
  return {
    inputs: async (config, rows) => ({
      sources: fingerprints(config),
      origins: await resolveImages(context, config, rows),
      profiles: readProfiles(config),
      ...(await deviceInputs(config)),
      ...(await memoryFileInputs(context, config, rows)),
    }),
    probe: () => context.probe(),
    checkHealth: (rows, probe, note) => askHealth(context, rows, probe, note),
    capacity: () => context.capacity(),
    preconditions: () => context.preconditions(),
    dataSizes: async (rows) => (await import('./data-sizes.js')).dataSizes(rows),
    checkProxies: async ({ plan, where, ...input }) =>
      (await import('./check-proxies.js')).checkProxies(context, plan, input, where),
    scheduleWarnings: async (stack) => {
      const { findSchedules, scheduleWarnings } = await import('./schedules.js');
      return scheduleWarnings(await findSchedules(context, stack));
    },
  };
}

async function deviceInputs(config: Config) {
  if (entriesOf(config).every(({ entry }) => entry.devices === undefined)) return {};
  const { readDevices } = await import('../host/linux/devices.js');
  return { devices: readDevices(config) };
}

async function memoryFileInputs(context: Context, config: Config, rows: readonly Row[]) {
  if (!config.secrets && !config.configs) return {};
  const { readMemoryFiles } = await import('./memory-files.js');
  return readMemoryFiles(config, rows, await context.fileContents());
}

/** Fingerprints of the local files of each image, and of each farm's certificate. */
function fingerprints(config: Config): Record<string, string> {
  const images = Object.entries(config.images).flatMap(([name, image]) => {
    const files = image.external ? [] : localFiles(image);
    if (!image.external && 'directory' in image.from) refuseNoFolder(image.from.directory);
    return files.length === 0 ? [] : [[name, fingerprint(files)] as const];
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

/**
 * The probe with the results of all health checks that are due; costs nothing if none is.
 *
 * @param note record the checks, for a caller that acts on the results
 */
async function askHealth(
  context: Context,
  rows: readonly Row[],
  probe: Probe,
  note: boolean,
): Promise<Probe> {
  const due = dueForHealth(rows, probe, context.paths);
  if (due.length === 0) return probe;
  const { health } = await context.host();
  const answers = await health.checkAll(due);
  if (note) await health.recordChecks(due.map(({ id }) => id));
  const answerOf = new Map(due.map(({ id }, index) => [id, answers[index]]));
  return { ...probe, health: (id) => answerOf.get(id) };
}
