import type { Foreground } from '../../host/ports.js';
import { addressOf } from '../../model/address.js';
import type { Config, ContainerEntry } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { Plan, Unit } from '../../model/plan.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Context } from '../context.js';
import { executeBriefly } from '../imperative/change.js';
import { type ConfigEntries, configFromFlags } from '../imperative/flags-to-config.js';
import { planDeleteData, planStack } from '../make-plan.js';
import { entriesOfService, imagesOf, serviceNames, withDependencies } from '../services.js';
import { ownIdentity, runContainer } from './run.js';
import { type OneOffPorts, openPorts, portsOfService } from './service-ports.js';

export interface ServiceRun {
  /** Of the one-off container. */
  name: string;
  /** Keys of a container that the command line gives, as in a file. */
  fromFlags: object;
  /** Volumes that are named in them. */
  volumes: ConfigEntries['volumes'];
  /** Without what the service depends on. */
  alone: boolean;
  /** Publish the ports of the service. */
  servicePorts: boolean;
}

/** Whether the file of this run has a service of that name; its profiles are then active. */
export async function findService(context: Context, name: string): Promise<Config | undefined> {
  const config = await context.config({ named: [name] });
  return serviceNames(config).includes(name) ? config : undefined;
}

/**
 * Runs one command in a one-off container beside those of a service: with its environment, volumes,
 * networks, secrets and user. What it depends on is started first, and stays. Answers the command's exit
 * code, undefined when it was interrupted before it ran.
 */
export async function runInService(
  context: Context,
  config: Config,
  service: string,
  { name, fromFlags, volumes, alone, servicePorts }: ServiceRun,
  how: Omit<Foreground, 'started'>,
): Promise<number | undefined> {
  const { name: stack } = config;
  const purpose = `run service ${service}`;
  const [entry] = entriesOfService(config, service);
  if (!entry) throw new UserError(`cannot ${purpose}: it has no container`);
  const { publish: asked = [], ...changed } = withFlags(entry, fromFlags, volumes, name, purpose);
  const publish = servicePorts ? portsOfService(config, service, purpose) : asked;
  let ports: OneOffPorts | undefined;
  refuseForeignVolumes(changed, config, purpose);
  const own = { ...config, containers: { ...config.containers, [name]: changed } };
  context.neededImages = imagesOf(own, alone ? [name] : withDependencies(own, [name]));
  const address = addressOf('container', name);
  const oneOff = runContainer(
    context,
    {
      stack,
      name,
      create: async (store) => {
        if (store.rows.some((row) => row.stack === stack && row.name === name)) {
          throw new UserError(`cannot ${purpose}: there is a ${name} already`, 'Leave out --name.');
        }
        if (publish.length > 0) {
          ports = await openPorts(context, config, store.rows, { ...changed, publish }, purpose);
        }
        const up = { services: [name], alone, beside: config };
        const plan = withoutStart(await planStack(context, own, store, { up }), name, ports);
        const code = await executeBriefly(context, store, { silent: true }, plan);
        const row = store.find('container', stack, name);
        if (row) ports?.leadTo(row.spec as ContainerSpec);
        return code;
      },
      remove: async (store) => {
        const plan = await planDeleteData(context, stack, store.rows, [address]);
        return executeBriefly(context, store, { silent: true }, plan);
      },
    },
    how,
  );
  return oneOff.finally(() => ports?.close());
}

/** The service's entry, with what is not for a second container of it taken away. */
function withFlags(
  entry: ContainerEntry,
  fromFlags: object,
  volumes: ConfigEntries['volumes'],
  name: string,
  purpose: string,
): ContainerEntry {
  const { healthcheck: _check, image_health: _image, hostname: _host, ...rest } = entry;
  const { replicas: _count, publish: _ports, post_start: _start, pre_stop: _stop, ...kept } = rest;
  const bridges = Object.fromEntries(
    Object.keys(entry.bridges).map((bridge) => [bridge, { aliases: [] }]),
  );
  const base: ContainerEntry = {
    ...kept,
    bridges,
    protect: false,
    restart: { name: 'no' },
    heal: 'cron',
    image_health: { disable: true },
  };
  const parsed = configFromFlags(
    {
      images: { any: { external: true } },
      // the networks of the service are checked when its ports are opened
      ...('publish' in fromFlags && { bridges: { any: { external: true } } }),
      containers: {
        [name]: { image: 'any', ...('publish' in fromFlags && { bridges: ['any'] }), ...fromFlags },
      },
      ...(volumes && { volumes }),
    },
    purpose,
  ).containers[name];
  if (!parsed) return base;
  const values = parsed as unknown as Record<string, unknown>;
  const keys = Object.keys(fromFlags).filter((key) => Object.hasOwn(values, key));
  const asked = Object.fromEntries(keys.map((key) => [key, values[key]]));
  return {
    ...base,
    ...asked,
    environment: { ...base.environment, ...parsed.environment },
    volumes: [...base.volumes, ...parsed.volumes],
    limits: { ...base.limits, ...('limits' in fromFlags && parsed.limits) },
  } as ContainerEntry;
}

/** A volume that the file does not have would have to be made, and belong to nobody. */
function refuseForeignVolumes({ volumes }: ContainerEntry, config: Config, purpose: string): void {
  const unknown = volumes.find(
    ({ type, source }) => type === 'volume' && !Object.hasOwn(config.volumes, source),
  );
  if (!unknown) return;
  throw new UserError(
    `cannot ${purpose}: stack ${config.name} has no volume ${JSON.stringify(unknown.source)}`,
    'A path of the host begins with / or ./',
  );
}

/** All is prepared as for a start. No plan starts or stops the container while this process lives. */
function withoutStart(plan: Plan, name: string, ports: OneOffPorts | undefined): Plan {
  const address = addressOf('container', name);
  const prepare = (unit: Unit): Unit => {
    if (unit.address !== address) return unit;
    const spec = {
      ...(unit.spec as ContainerSpec),
      stopped: true,
      one_off: ownIdentity(),
      // for who asks; no forwarder of the stack carries them
      ...(ports && { publish: ports.publish }),
    };
    return { ...unit, spec, steps: unit.steps.filter(({ verb }) => verb !== 'container.start') };
  };
  return { ...plan, units: plan.units.map(prepare) };
}
