import { type Address, addressOf, IMPERATIVE_STACK, type KindName } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec, ImageOrigin } from '../../model/specs.js';

/** What the desired state is worked out from. */
export interface Context {
  config: Config;
  /** Of every stack: external images and bridges, leases, and what others have taken. */
  rows: readonly Row[];
  site: InstallPaths;
  /**
   * Fingerprint of the local files that go into an image, by image name, and of a farm's
   * certificate, by `certificateKey`.
   */
  sources: Readonly<Record<string, string>>;
  /** Digest of the content of each seccomp profile, by path. */
  profiles?: Readonly<Record<string, string>>;
  /** What the foreign images are, by image name. */
  origins: Readonly<Record<string, ImageOrigin>>;
  /** How many servers `baleine scale` asks for, by farm. */
  scale?: Readonly<Record<string, number>>;
  /**
   * Rows of the stack that stay as they are though the config does not speak of them. To the rest
   * they are like another stack's: taken names and addresses, and what `external` means.
   */
  kept?: readonly Row[];
}

/** No image has such a name. */
export const certificateKey = (farm: string) => `farms.${farm}`;

/** Of another stack, or as good as. */
export function isOthers(row: Row, { config, kept }: Context): boolean {
  return row.stack !== config.name || (kept?.includes(row) ?? false);
}

/**
 * The row an `external` entry means: what this stack uses already, or was made by hand, or by the one
 * other stack that has one of that name.
 *
 * @param isUsed whether a container of this stack was last applied with it
 * @throws UserError when several stacks have one
 */
export function externalRow<Spec>(
  context: Context,
  kind: 'image' | 'bridge',
  name: string,
  isUsed: (spec: Spec, container: ContainerSpec) => boolean,
): Row<Spec> | undefined {
  const { rows, config } = context;
  const others = rowsNamed(rows, kind, name).filter((row) => isOthers(row, context)) as Row<Spec>[];
  if (others.length < 2) return others[0];
  const own = rows.filter((row) => row.kind === 'container' && row.stack === config.name);
  const used = others.find(({ spec }) =>
    own.some((row) => isUsed(spec, row.spec as ContainerSpec)),
  );
  const found = used ?? others.find(({ stack }) => stack === IMPERATIVE_STACK);
  if (found) return found;
  const stacks = others.map(({ stack }) => stack).sort();
  throw new UserError(
    `${config.where([`${kind}s`, name])}: ${kind} ${name} is external, and ${stacks.join(' and ')} each have one of that name`,
    'Rename one of them, or make one to be shared by a command.',
  );
}

/** Of whatever stack. Each external entry asks: a look at each row would grow with their product. */
function rowsNamed(rows: readonly Row[], kind: KindName, name: string): readonly Row[] {
  return byAddress(rows).get(addressOf(kind, name)) ?? [];
}

function byAddress(rows: readonly Row[]): Map<Address, Row[]> {
  const known = addresses.get(rows);
  if (known) return known;
  const made = new Map<Address, Row[]>();
  for (const row of rows) {
    const address = addressOf(row.kind, row.name);
    const others = made.get(address);
    if (others) others.push(row);
    else made.set(address, [row]);
  }
  addresses.set(rows, made);
  return made;
}

const addresses = new WeakMap<readonly Row[], Map<Address, Row[]>>();
