import { bootId, startTime } from '../../host/linux/process/processes.js';
import type { Foreground, StartedInForeground } from '../../host/ports.js';
import { ownsNetwork } from '../../kinds/container/namespaces.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import { LockedError } from '../../model/errors.js';
import { diskFile, netnsName, rootfsDir } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec, ProcessIdentity } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { type Change, executeBriefly, planChange, withStoreOrWait } from '../imperative/change.js';
import { namedAddress, refuseExisting } from '../imperative/record.js';
import type { EntriesOf } from './edit.js';

/**
 * Runs one command in a one-off container and removes it; answers the command's exit code, undefined
 * when it was interrupted before it ran.
 */
export async function runOneOff(
  context: Context,
  name: string,
  entriesOf: EntriesOf,
  how: Omit<Foreground, 'started'>,
): Promise<number | undefined> {
  const address = namedAddress('container', name, `run container ${name}`);
  const apply = async (store: Store, change: Change) =>
    executeBriefly(context, store, { silent: true }, await planChange(context, store.rows, change));
  return runContainer(
    context,
    {
      stack: IMPERATIVE_STACK,
      name,
      create: (store) => apply(store, oneOffChange(name, entriesOf, store.rows)),
      remove: (store) => apply(store, { purpose: `remove container ${name}`, removed: [address] }),
    },
    how,
  );
}

/** A one-off container, by the way it is made and goes. Each answers an exit code. */
interface OneOff {
  stack: string;
  name: string;
  create: (store: Store) => Promise<number>;
  remove: (store: Store) => Promise<number>;
}

/** Creates a one-off container, runs its command and removes it; see `runOneOff`. */
export async function runContainer(
  context: Context,
  oneOff: OneOff,
  how: Omit<Foreground, 'started'>,
): Promise<number | undefined> {
  try {
    return await await begin(context, oneOff, how);
  } finally {
    await removeOneOff(context, oneOff);
  }
}

/** As `container create` does. No plan starts or stops the container while this process lives. */
function oneOffChange(name: string, entriesOf: EntriesOf, rows: readonly Row[]): Change {
  const purpose = `run container ${name}`;
  refuseExisting(rows, 'container', name, purpose);
  const address = namedAddress('container', name, purpose);
  return {
    purpose,
    entries: entriesOf(rows, purpose),
    targets: [address],
    edit: (each) => {
      if (each.address !== address) return each;
      const {
        healthcheck: _check,
        post_start: _start,
        pre_stop: _stop,
        ...spec
      } = each.spec as ContainerSpec;
      return { ...each, spec: { ...spec, stopped: true, one_off: ownIdentity() } };
    },
  };
}

/** This process, for a container that ends with it. */
export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  return { pid, start_time: startTime(pid) ?? 0, boot_id: bootId() };
}

/**
 * Creates the container and starts it with the lock held: a running container is always recorded as
 * running.
 *
 * @returns the pending exit code, undefined when interrupted before the command ran
 */
async function begin(
  context: Context,
  { stack, name, create }: OneOff,
  how: Omit<Foreground, 'started'>,
): Promise<Promise<number | undefined>> {
  let running: Promise<number | undefined> = Promise.resolve(undefined);
  await withStoreOrWait(context, {}, async (store) => {
    const created = await create(store);
    if (created !== 0) running = Promise.resolve(created);
    if (created !== 0 || how.stop.aborted) return created;
    const row = store.find('container', stack, name) as Row<ContainerSpec> | undefined;
    if (!row) throw new Error(`cannot run container ${name}: it was not created`);
    let noted: Promise<void> | undefined;
    await new Promise<void>((resolve) => {
      const started = (facts: StartedInForeground) => {
        noted = store.put({ ...row, facts: { ...facts } });
        resolve();
      };
      running = inForeground(context, row.spec, { ...how, started });
      // the caller reports how it ends; nothing starts it again
      running.catch(() => undefined).finally(resolve);
    });
    await noted;
    return 0;
  });
  return running;
}

async function inForeground(
  context: Context,
  spec: ContainerSpec,
  how: Foreground,
): Promise<number> {
  const { paths } = context;
  const { links, disks, runtime } = await context.host();
  const { id, userns } = spec;
  const wiring = { netns: netnsName(paths, id), links: spec.links, ...(userns && { userns }) };
  const [failure] = ownsNetwork(spec) ? await links.wire([wiring]) : [];
  if (failure) throw failure;
  await disks.ensureMounted(diskFile(paths, spec.id), rootfsDir(paths, spec.id));
  return runtime.run(spec, how);
}

/** If another run holds the lock, the next run removes the container: this process is gone by then. */
async function removeOneOff(context: Context, { stack, name, remove }: OneOff): Promise<void> {
  try {
    await withStoreOrWait(context, {}, async (store) => {
      const row = store.find('container', stack, name);
      return row && isOurs(row) ? remove(store) : 0;
    });
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
  }
}

const isOurs = ({ kind, spec }: Row) =>
  kind === 'container' && (spec as ContainerSpec).one_off?.pid === process.pid;
