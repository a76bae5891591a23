import { readCheckpoint } from '../../host/linux/checkpoints/read.js';
import type { Probe } from '../../host/ports.js';
import { kinds } from '../../kinds/index.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import { idOf } from '../../model/install-paths.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Context } from '../context.js';
import { applyChange, type Change } from '../imperative/change.js';
import { type ConfigEntries, EXTERNAL } from '../imperative/flags-to-config.js';
import {
  imperativeRow,
  namedAddress,
  oneOffError,
  refuseExisting,
  refuseWayOut,
} from '../imperative/record.js';
import type { ContainerRow } from '../lookup.js';
import type { ChangeOptions } from '../options.js';

/** Turns the flags of a command into the entries of a file, which may be checked against the rows. */
export type EntriesOf = (rows: readonly Row[], purpose: string) => ConfigEntries;

/** Creates a container on its own copy of an image. */
export function createContainer(
  context: Context,
  name: string,
  { start, ...options }: ChangeOptions & { start?: true },
  entriesOf: EntriesOf,
): Promise<number> {
  const purpose = `create container ${name}`;
  return applyChange(context, options, (rows) => {
    refuseExisting(rows, 'container', name, purpose);
    const address = namedAddress('container', name, purpose);
    return {
      purpose,
      entries: entriesOf(rows, purpose),
      targets: [address],
      edit: (each) =>
        each.address === address && !start
          ? { ...each, spec: { ...(each.spec as ContainerSpec), stopped: true } }
          : each,
    };
  });
}

/** What `container add` adds, as entries of a file. */
interface Additions {
  limits: object;
  /** By bridge. */
  attachments: Record<string, object>;
  /** A bridge that it leaves. */
  detached?: string;
  /** Entries of the bridges, all of which must exist. */
  bridgesOf: (rows: readonly Row[], bridges: string[], purpose: string) => Record<string, object>;
}

/** Attaches a container to bridges, or changes its limits, without a restart. */
export function addToContainer(
  context: Context,
  name: string,
  { limits, attachments, bridgesOf }: Omit<Additions, 'detached'>,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `add to container ${name}`;
  const isNothing = Object.values(limits).every((each) => each === undefined);
  if (Object.keys(attachments).length === 0 && isNothing) {
    throw new UserError(`cannot ${purpose}: nothing to add`, 'Give --bridge, --memory, --cpus, …');
  }
  return changeContainer(context, name, { limits, attachments, bridgesOf }, purpose, options);
}

/** Changes what can be changed without a restart. */
export function changeContainer(
  context: Context,
  name: string,
  { limits, attachments, detached, bridgesOf }: Additions,
  purpose: string,
  options: ChangeOptions,
): Promise<number> {
  return applyChange(context, options, (rows): Change => {
    const row = imperativeRow(rows, 'container', name, purpose) as ContainerRow;
    refuseWayOut(row, purpose);
    if (row.spec.one_off) throw oneOffError(row, purpose);
    const address = namedAddress('container', name, purpose);
    const { image, args, hostname } = row.spec;
    const { [detached ?? '']: _left, ...kept } = attachmentsOf(row.spec);
    const joined = { ...kept, ...attachments };
    const entry = {
      image: image.name,
      entrypoint: [],
      command: args,
      hostname,
      bridges: joined,
      publish: row.spec.publish ?? [],
      limits: { ...row.spec.limits, ...defined(limits) },
    };
    const bridges = Object.keys(joined);
    return {
      purpose,
      entries: {
        images: { [image.name]: EXTERNAL },
        bridges: bridgesOf(rows, bridges, purpose),
        containers: { [name]: entry },
      },
      targets: [address],
      edit: (each) => (each.address === address ? changed(row, each) : each),
    };
  });
}

/** Present attachments as entries of a file. Their addresses become static. */
function attachmentsOf({ links }: ContainerSpec): Record<string, object> {
  return Object.fromEntries(
    links.map(({ bridge, mac, ...link }) => {
      const [address, address6] = [link.address, link.address6].map((each) => each?.split('/')[0]);
      return [bridge, { address, ...(address6 !== undefined && { address6 }), mac }];
    }),
  );
}

/** Takes from the new resource only what `add` can change; the rest stays as created. */
function changed(row: ContainerRow, made: Resource): Resource {
  const { limits, links, hosts_file } = made.spec as ContainerSpec;
  const others = row.needs.filter((each) => !/^(hosts|image|bridge)\./.test(each));
  return {
    ...made,
    spec: { ...row.spec, limits, links, hosts_file },
    needs: [...made.needs, ...others],
    protect: row.protect,
  };
}

const defined = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Destroys containers with their disks, and the checkpoints that only they can use; volumes stay. */
export async function removeContainers(
  context: Context,
  names: string[],
  options: ChangeOptions & { force?: true },
): Promise<number> {
  const purpose = `remove container ${names.join(', ')}`;
  const code = await applyChange(context, options, async (rows) => {
    const probe = options.force ? undefined : await context.probe();
    for (const name of names) {
      const row = imperativeRow(
        rows,
        'container',
        name,
        `remove container ${name}`,
      ) as ContainerRow;
      refuseWayOut(row, `remove container ${name}`);
      if (probe) refuseRunning(row, probe, context);
    }
    return { purpose, removed: names.map((name) => namedAddress('container', name, purpose)) };
  });
  const ids = names.map((name) => [name, idOf(IMPERATIVE_STACK, name)] as const);
  const saved = ids.filter(([, id]) => readCheckpoint(context.paths, id)).map(([name]) => name);
  if (code !== 0 || saved.length === 0) return code;
  const { removeCheckpoints } = await import('./checkpoint.js');
  return removeCheckpoints(context, IMPERATIVE_STACK, saved, options);
}

function refuseRunning(
  { name, spec, facts }: ContainerRow,
  probe: Probe,
  { paths }: Context,
): void {
  if (!kinds.container.observe(spec, facts, probe, paths)?.running) return;
  throw new UserError(
    `cannot remove container ${name}: it is running`,
    `baleine container stop ${name}, or --force`,
  );
}
