import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { executeBriefly, planChange, withStoreOrWait } from '../../app/imperative/change.js';
import { namedAddress, refuseExisting, rowsOf } from '../../app/imperative/record.js';
import {
  type ContainerRow,
  findContainers,
  type StackScope,
  scopedStack,
} from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { originalOf } from '../../model/image-version.js';
import { diskFile, idOf, imageFile, previousFile, rootfsDir } from '../../model/install-paths.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ImageSpec } from '../../model/specs.js';
import { committedConfig } from '../../plan/desired/image-config.js';
import { addScopeOptions, duration } from '../options.js';
import { openContext } from '../terminal.js';
import { withFrozen } from './with-frozen.js';

interface Options extends ChangeOptions {
  stack?: string;
}

export function registerCommit(parent: Command, scope: StackScope): void {
  const command = parent
    .command('commit')
    .description('make an image of a container’s disk; one that runs is held still meanwhile')
    .argument('<name>', 'the container')
    .argument('<image>', 'the new image')
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait so long for another baleine (10s)', duration);
  addScopeOptions(command, scope)
    .addHelpText('after', '\nExample:\n  baleine container commit web web-configured')
    .action(async (name: string, image: string, options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope);
      process.exitCode = await commit(context, stack, name, image, options);
    });
}

function commit(
  context: Context,
  stack: string,
  name: string,
  image: string,
  options: Options,
): Promise<number> {
  const purpose = `commit container ${name} to image ${image}`;
  const address = namedAddress('image', image, purpose);
  return withStoreOrWait(context, options, async (store) => {
    refuseExisting(store.rows, 'image', image, purpose);
    const [row] = findContainers(store.rows, stack, [name], 'commit');
    if (!row) return 1;
    const size = (await context.probe()).file(diskFile(context.site, row.spec.id))?.size;
    if (size === undefined) throw new UserError(`cannot ${purpose}: its disk is gone`);
    const made: Resource = {
      address,
      kind: 'image',
      name: image,
      spec: imageOf(row, image, size, store.rows, context),
      needs: [],
      protect: false,
    };
    const change = { purpose, made: [made], targets: [address] };
    const plan = await planChange(context, store.rows, change);
    return withFrozen(context, row, 'container commit', async () => {
      await flush(context, row);
      return executeBriefly(context, store, { ...options, undo: true }, plan);
    });
  });
}

/** The file of a mounted disk lags behind it. */
async function flush(context: Context, { spec }: ContainerRow): Promise<void> {
  const tree = rootfsDir(context.site, spec.id);
  if (!(await context.probe()).mounted(tree)) return;
  await (await context.host()).disks.flush(tree);
}

/** What the container runs becomes what the image runs, as with Docker. */
function imageOf(
  { name, spec }: ContainerRow,
  image: string,
  size: number,
  rows: readonly Row[],
  { site }: Context,
): ImageSpec {
  const made = rowsOf(rows, 'image').find(({ spec: { id } }) =>
    [imageFile(site, id), previousFile(site, id)].includes(spec.image.file),
  );
  const original = made && originalOf(made.spec);
  return {
    id: idOf(IMPERATIVE_STACK, image),
    size,
    from: { container: name },
    base: { file: diskFile(site, spec.id), version: new Date().toISOString() },
    copy: [],
    run: [],
    config: committedConfig(spec, made?.spec.config),
    ...(original && { original }),
  };
}
