import { addressOf } from '../../../model/address.js';
import type {
  ContainerEntry,
  ImageConfig,
  PublishEntry,
  PublishRequest,
} from '../../../model/config.js';
import type { Limits } from '../../../model/container-values.js';
import { type DeviceSpec, devicesOf, ruleOf } from '../../../model/device-nodes.js';
import { UserError } from '../../../model/errors.js';
import { imageVersion, originalOf } from '../../../model/image-version.js';
import { idOf, imageFile } from '../../../model/install-paths.js';
import type { Instance } from '../../../model/instance.js';
import type { Exact } from '../../../model/json.js';
import { volumeOf } from '../../../model/limits.js';
import type { Resource } from '../../../model/resource.js';
import { signalName } from '../../../model/signals.js';
import {
  type BridgeSpec,
  type ContainerSpec,
  type ImageSpec,
  isUnbuilt,
  type RotationSpec,
} from '../../../model/specs.js';
import type { Context, Leases } from '../../desired-context.js';
import { extraHostsOf, hostsName, hostsPath, volumePath } from '../../recorded.js';
import { KEYS } from '../keys/index.js';
import type { AnyKey, KeySpec, ResolvedSpec } from '../keys/types.js';
import { dependenciesOf } from './dependencies.js';
import { leaseIds } from './id-ranges.js';
import { inheritedHealth } from './image-config.js';
import { instancesNamed } from './instances.js';
import { linksOf } from './links.js';
import { memoryFilesOf, textsOf } from './memory-files.js';
import { mountSpec, placesOf, seedsOf } from './mounts.js';
import { networkOwner, sharedNamespaces } from './namespaces.js';
import { needsOf, optionalOf } from './needs.js';
import { withNeighbors } from './neighbors.js';
import { groupOf, releases } from './releases.js';

export function desiredContainers(
  instances: Instance[],
  images: ReadonlyMap<string, ImageSpec>,
  bridges: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  context: Context,
): Resource<ContainerSpec>[] {
  const versions = new Map([...images].map(([name, spec]) => [name, imageVersion(spec)]));
  const recorded = recordedSpecs(context);
  const ids = leaseIds(instances, context);
  const checked = instances.map((each) => withHealth(each, images));
  const release = releases(instances, images, context);
  const declared = (instance: Instance, image: ImageSpec): ContainerSpec => {
    const { name, entry } = instance;
    const { args, environment, user, working_dir, labels } = processOf(
      instance,
      image.config,
      context,
    );
    const before = recorded.get(name);
    const owner = networkOwner(instance, instances, context);
    const extra = extraHostsOf(instance, bridges, context);
    const devices = devicesOf(entry.devices, context.devices ?? {});
    const resolved: Exact<ResolvedSpec> = {
      image: {
        name: entry.image,
        file: imageFile(context.paths, image.id),
        version: versions.get(entry.image) ?? '',
      },
      entrypoint_length: entry.entrypoint?.length,
      args,
      links: linksOf(instance, bridges, leases, before, context),
      publish: entry.publish?.map(publishedPort),
      ...sharedNamespaces(instance, instances, context),
      mounts: entry.volumes.map((mount) => mountSpec(mount, context)),
      environment,
      user,
      working_dir,
      healthcheck: healthOf(instance, image, context),
      heal: entry.heal === 'immediate' ? entry.heal : undefined,
      depends_on: dependenciesOf(instance, checked, leases, context),
      stop_signal: stopSignal(entry, image.config),
      userns: ids.get(name),
      secrets: memoryFilesOf('secrets', entry, context),
      configs: memoryFilesOf('configs', entry, context),
      seccomp: seccompOf(entry, context),
      devices,
      hostname: owner?.hostname ?? entry.hostname ?? name,
      extra_hosts: extra,
      labels,
    };
    const spec: Exact<Omit<ContainerSpec, keyof KeySpec>> = {
      id: idOf(context.config.name, name),
      host_network: entry.host_network || undefined,
      stopped: before?.stopped,
      hosts_file:
        owner?.hosts_file ?? hostsPath(hostsName(Object.keys(entry.bridges), extra), context),
      rotation: rotationOf(instance, context),
      sockets: socketsOf(instance),
      proxy: instance.proxy,
      master: instance.master,
      egress: instance.egress,
      resolver: instance.resolver,
      one_off: undefined,
      run: undefined,
      previous: undefined,
      held: undefined,
    };
    const plain: Record<string, unknown> = {};
    for (const key of PLAIN) plain[key] = entry[key as keyof ContainerEntry];
    const limits = { limits: resolvedLimits(entry.limits, devices, context) };
    return Object.assign(plain, resolved, spec, limits) as unknown as ContainerSpec;
  };
  const containers = instances.map((instance): Resource<ContainerSpec> => {
    const { name, entry } = instance;
    const image = images.get(entry.image);
    if (!image) throw unknownImage(instance, context);
    checkModule(instance, image, context);
    const spec = release(instance, declared(instance, image));
    return {
      address: addressOf('container', name),
      kind: 'container',
      name,
      spec,
      needs: needsOf(instance, instances, bridges, context),
      ...optionalOf(instance, instances),
      protect: entry.protect,
      entry: instance.path,
      group: groupOf(instance),
      ...placesOf(entry),
      ...warningsOf(instance, instances, image.config),
      ...textsOf(entry, context),
      ...rollingOf(instance, spec.held !== undefined),
      ...(instance.spare ? { spare: true } : seedsOf(entry, spec, context)),
    };
  });
  return withNeighbors(containers, bridges, context);
}

/**
 * The same, with the folder of each volume, for its device. A device is allowed like one of
 * `limits.devices`, whose rules come after and win.
 */
function resolvedLimits(
  limits: Limits,
  devices: readonly DeviceSpec[] | undefined,
  context: Context,
): Limits {
  const io = limits.io?.map((each) => {
    const volume = volumeOf(each.device);
    return volume === undefined ? each : { ...each, device: volumePath(volume, context) };
  });
  return {
    ...limits,
    ...(io && { io }),
    ...(devices && { devices: [...devices.map(ruleOf), ...(limits.devices ?? [])] }),
  };
}

/** Keys that are recorded as declared. */
const PLAIN = Object.entries<AnyKey>(KEYS)
  .filter(([, { kind }]) => kind === 'plain')
  .map(([name]) => name);

/** @throws UserError for a health check without a test, if the image has none either */
function healthOf(
  { name, entry, path }: Instance,
  image: ImageSpec,
  { config }: Context,
): ContainerSpec['healthcheck'] {
  if (entry.healthcheck) return entry.healthcheck;
  const inherited = inheritedHealth(image.config, entry);
  if (inherited || !entry.image_health || 'disable' in entry.image_health) return inherited;
  if (isUnbuilt(image.config)) return undefined;
  throw new UserError(
    `${config.where([...path, 'healthcheck'])}: container ${name} has a health check without a test, and its image ${entry.image} has none either`,
    'Add one of tcp, http, exec.',
  );
}

/** The instance with its effective health check, for its dependents. */
function withHealth(instance: Instance, images: ReadonlyMap<string, ImageSpec>): Instance {
  const { entry } = instance;
  const image = images.get(entry.image);
  const healthcheck = entry.healthcheck ?? (image && inheritedHealth(image.config, entry));
  return healthcheck ? { ...instance, entry: { ...entry, healthcheck } } : instance;
}

function seccompOf({ seccomp }: ContainerEntry, { profiles = {} }: Context) {
  if (seccomp === undefined || seccomp === 'unconfined') return seccomp;
  return { file: seccomp, digest: profiles[seccomp] ?? '' };
}

function recordedSpecs({ rows, config }: Context): Map<string, ContainerSpec> {
  const own = rows.filter(({ kind, stack }) => kind === 'container' && stack === config.name);
  return new Map(own.map(({ name, spec }) => [name, spec as ContainerSpec]));
}

/** @throws UserError if the image holds a WebAssembly module, which Linux itself does not execute */
function checkModule({ name, entry, path }: Instance, image: ImageSpec, { config }: Context): void {
  if (entry.wasm || originalOf(image)?.image?.os !== 'wasi') return;
  throw new UserError(
    `${config.where([...path, 'image'])}: image ${entry.image} of container ${name} is a WebAssembly module, which only crun runs`,
    'Add wasm: true',
  );
}

/** Docker's rules: overriding the entrypoint also discards the image's command. */
function processOf({ name, entry, path }: Instance, image: ImageConfig, { config }: Context) {
  const command = entry.command ?? (entry.entrypoint ? [] : (image.command ?? []));
  const args = [...(entry.entrypoint ?? image.entrypoint ?? []), ...command];
  if (args.length === 0) {
    throw new UserError(
      `${config.where(path)}: container ${name} has nothing to run: neither it nor its image ${entry.image} has a command`,
      'Add one: command: [program, argument]',
    );
  }
  return {
    args,
    environment: { ...image.environment, ...entry.environment },
    user: entry.user ?? image.user ?? '0:0',
    working_dir: entry.working_dir ?? image.working_dir ?? '/',
    labels: { ...image.labels, ...entry.labels },
  };
}

/** The entry's, else the image's if that is a valid signal. */
function stopSignal({ stop_signal }: ContainerEntry, image: ImageConfig): string {
  return stop_signal ?? signalName(image.stop_signal ?? '') ?? 'SIGTERM';
}

function warningsOf(
  { entry }: Instance,
  instances: Instance[],
  image: ImageConfig,
): Pick<Resource, 'warnings'> {
  const absent = Object.keys(entry.depends_on).filter(
    (service) => instancesNamed(service, instances).length === 0,
  );
  const warnings = [
    ...absent.map((name) => `starts without ${name}, which is not in the file and not required`),
    ...signalWarnings(entry, image),
  ];
  return warnings.length > 0 ? { warnings } : {};
}

function signalWarnings(entry: ContainerEntry, { stop_signal }: ImageConfig): string[] {
  if (entry.stop_signal !== undefined || stop_signal === undefined) return [];
  if (signalName(stop_signal) !== undefined) return [];
  const named = `its image ${entry.image} has the stop signal ${JSON.stringify(stop_signal)}`;
  return [`is stopped by SIGTERM: ${named}, which does not exist`];
}

function rotationOf({ name, serves }: Instance, { config }: Context): RotationSpec | undefined {
  if (!serves) return undefined;
  const { proxy, socket, backend, port, update } = serves;
  return {
    proxy: { id: idOf(config.name, proxy), socket, backend },
    server: name,
    port,
    drain: update.drain,
    monitor: update.monitor,
  };
}

function publishedPort(request: PublishRequest): PublishEntry {
  const { at: _at, replica: _replica, only_ipv4: _only, ...entry } = request;
  return entry;
}

const socketsOf = ({ sockets }: Instance) =>
  sockets?.map(({ host_ip, published, socket_activation: name }) => ({
    ...{ host_ip, published },
    ...(name !== undefined && { name }),
  }));

/** A rollback is not itself rolled back on failure. */
function rollingOf({ serves }: Instance, isPinned: boolean): Pick<Resource, 'rolling'> {
  if (!serves) return {};
  const { proxy, update } = serves;
  const rolling = { through: addressOf('config', proxy), ...update };
  return { rolling: isPinned ? { ...rolling, failure_action: 'pause' } : rolling };
}

function unknownImage({ name, entry, path }: Instance, { config }: Context): UserError {
  return new UserError(
    `${config.where([...path, 'image'])}: container ${name} uses image ${entry.image}, which the file does not declare`,
    `Declare it under images:, or mark it as existing: ${entry.image}: {external: true}`,
  );
}
