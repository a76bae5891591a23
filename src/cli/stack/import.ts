import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { desiredResources } from '../../app/desired-resources.js';
import type { LockOptions } from '../../app/options.js';
import { withStore } from '../../app/with-lock.js';
import { kinds } from '../../kinds/index.js';
import type { Adopted, AnyKind } from '../../kinds/kind.js';
import { addressOf, parseAddress } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { isNeverCreated, NEVER_CREATED, type Resource, type Row } from '../../model/resource.js';
import type { Store } from '../../state/store.js';
import { addCommonOptions, addLockOptions } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
ID is the name of a bridge's interface, a volume's folder (it is moved), an image's
or a container's disk file (it is copied). Without it, what lies at the usual place.

Examples:
  baleine import bridge.lan br0
  baleine import volume.data /srv/old-data
  baleine import image.base ./base.img
  baleine import container.db ./db-disk.img`;

export function register(program: Command): void {
  const command = program
    .command('import')
    .description('take what is on the host on record, as the file describes it')
    .argument('<address>', 'as bridge.lan, which the file has')
    .argument('[id]', 'which it is on the host');
  addLockOptions(addCommonOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(
      async (address: string, id: string | undefined, options: LockOptions, self: Command) => {
        process.exitCode = (await take(openContext(self), address, id, options)) ?? 0;
      },
    );
}

async function take(
  context: Context,
  address: string,
  id: string | undefined,
  options: LockOptions,
): Promise<number | undefined> {
  const config = await context.config();
  return withStore(context, options, async (store) => {
    const wanted = await desiredResources(config, context, store.rows);
    const resource = findResource(wanted, address, config.name);
    refuseKnown(resource, config.name, store);
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
    // what is cut off is gone on with, by the same command or by the next apply
    await store.put(row);
    try {
      await store.put({ ...row, ...(await adopted(context, resource, path)) });
    } catch (error) {
      await store.drop(kind, config.name, name);
      throw error;
    }
    print(`${address} is on record. What is left to do: baleine plan\n`);
    return 0;
  });
}

function findResource(wanted: Resource[], address: string, stack: string): Resource {
  const found = wanted.find((each) => each.address === address);
  if (found) return found;
  const cause = parseAddress(address) ? `the file of ${stack} has none` : 'that is no address';
  throw new UserError(
    `cannot import ${address}: ${cause}`,
    'Describe it in the file first; it is taken on record as it stands there.',
  );
}

function refuseKnown({ kind, name, address }: Resource, stack: string, store: Store): void {
  const row = store.find(kind, stack, name);
  if (!row || isNeverCreated(row)) return;
  throw new UserError(
    `cannot import ${address}: it is on record already`,
    `baleine state rm ${address}   # forgets it, and leaves what it stands for`,
  );
}

/** Before anything is moved. */
function refuseTaken(
  { kind, spec, address }: Resource,
  id: string | undefined,
  rows: readonly Row[],
) {
  const { identity } = kinds[kind] as AnyKind;
  const wanted: unknown[] = [identity?.(spec), id].filter((each) => each !== undefined);
  const owner = rows.find(
    (row) => row.kind === kind && !isNeverCreated(row) && wanted.includes(identity?.(row.spec)),
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
  if (!adopt) throw new UserError(`cannot import ${address}: it is made from others`);
  const [host, probe] = [await context.host(), await context.probe()];
  return context.undoable(() => adopt(resource, id, { host, probe, site: context.site }));
}
