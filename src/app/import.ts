import { resolve } from 'node:path';
import { kinds } from '../kinds/index.js';
import type { Adopted, AnyKind } from '../kinds/kind.js';
import { addressOf, parseAddress } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { isNeverCreated, NEVER_CREATED, type Resource, type Row } from '../model/resource.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { desiredResources } from './desired-resources.js';
import type { LockOptions } from './options.js';
import { withStore } from './with-lock.js';

/**
 * Records a resource of the file that already exists on the host.
 *
 * @param id which one it is on the host; default: the one at the usual place
 */
export async function importResource(
  context: Context,
  address: string,
  id: string | undefined,
  options: LockOptions,
): Promise<number | undefined> {
  const config = await context.config();
  return withStore(context, options, async (store) => {
    const resources = await desiredResources(config, context, store.rows);
    const resource = findResource(resources, address, config.name);
    refuseRecorded(resource, config.name, store);
    const path = id !== undefined && resource.kind !== 'bridge' ? resolve(id) : id;
    refuseTaken(resource, path, store.rows);
    const { kind, name, spec, needs, protect } = resource;
    const row: Row = {
      kind,
      stack: config.name,
      name,
      status: 'pending',
      spec,
      facts: NEVER_CREATED,
      needs,
      protect,
    };
    // after an interruption, the same command or the next apply continues
    await store.put(row);
    try {
      await store.put({ ...row, ...(await adopted(context, resource, path)) });
    } catch (error) {
      await store.drop(kind, config.name, name);
      throw error;
    }
    context.frontend.report(`${address} is recorded. See what is left to do: baleine plan\n`);
    return 0;
  });
}

function findResource(resources: Resource[], address: string, stack: string): Resource {
  const found = resources.find((each) => each.address === address);
  if (found) return found;
  const cause = parseAddress(address) ? `the file of ${stack} has none` : 'that is not an address';
  throw new UserError(`cannot import ${address}: ${cause}`, 'Declare it in the file first.');
}

function refuseRecorded({ kind, name, address }: Resource, stack: string, store: Store): void {
  const row = store.find(kind, stack, name);
  if (!row || isNeverCreated(row)) return;
  throw new UserError(
    `cannot import ${address}: it is recorded already`,
    `baleine state rm ${address}   # forgets the row, and leaves the resource alone`,
  );
}

/** Before any file is moved. */
function refuseTaken(
  { kind, spec, address }: Resource,
  id: string | undefined,
  rows: readonly Row[],
) {
  const { identity } = kinds[kind] as AnyKind;
  const identities: unknown[] = [identity?.(spec), id].filter((each) => each !== undefined);
  const owner = rows.find(
    (row) => row.kind === kind && !isNeverCreated(row) && identities.includes(identity?.(row.spec)),
  );
  if (!owner) return;
  const { stack, name } = owner;
  const theirs = addressOf(kind, name);
  throw new UserError(`cannot import ${address}: that is ${theirs} of stack ${stack}`);
}

async function adopted(
  context: Context,
  resource: Resource,
  id: string | undefined,
): Promise<Adopted<unknown>> {
  const { kind, address } = resource;
  const { adopt } = kinds[kind] as AnyKind;
  if (!adopt) throw new UserError(`cannot import ${address}: it is derived from others`);
  const [host, probe] = [await context.host(), await context.probe()];
  return context.undoable(() => adopt(resource, id, { host, probe, paths: context.paths }));
}
