import { type Address, addressOf, IMPERATIVE_STACK, type KindName } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { FoundDevices } from '../model/device-nodes.js';
import { UserError } from '../model/errors.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec, ImageOrigin } from '../model/specs.js';

/** The input of the desired state. */
export interface Context {
  config: Config;
  /**
   * Rows of every stack: for external images, bridges and volumes, address leases, and what other stacks
   * use.
   */
  rows: readonly Row[];
  paths: InstallPaths;
  /**
   * Fingerprints of the local files copied into each image, by image name, and of each farm's
   * certificate, by `certificateKey`.
   */
  sources: Readonly<Record<string, string>>;
  /** Content digest of each seccomp profile, by path. */
  profiles?: Readonly<Record<string, string>>;
  /** Devices of the host that the file names. */
  devices?: FoundDevices;
  /** Keyed digests of the used secrets and configs, by `secrets.NAME` and `configs.NAME`. */
  fileDigests?: Readonly<Record<string, string>>;
  /** Texts of configs that have changed and may be shown, by `configs.NAME`. */
  fileTexts?: Readonly<Record<string, string>>;
  /** The resolved foreign images, by image name. */
  origins: Readonly<Record<string, ImageOrigin>>;
  /** Names of containers that are unhealthy or have ended, and that this plan does not start. */
  unavailable?: readonly string[];
  /** Number of servers requested by `baleine scale`, by farm. */
  scale?: Readonly<Record<string, number>>;
  /**
   * Rows of this stack that are kept although the config does not contain them. To the rest they
   * are like rows of another stack: their names and addresses are in use, and `external` can refer
   * to them.
   */
  kept?: readonly Row[];
}

/**
 * Address (without prefix length) of a container on a bridge, by default the IPv4 one; undefined on a
 * bridge without such a subnet.
 */
export type Leases = (container: string, bridge: string, version?: 4 | 6) => string | undefined;

/** Where others reach a container on a bridge: by IPv4 if both have it. */
export const reachedAt = (leases: Leases, container: string, bridge: string) =>
  leases(container, bridge) ?? leases(container, bridge, 6);

/** Cannot clash with the name of an image. */
export const certificateKey = (farm: string) => `farms.${farm}`;

/** Whether a row belongs to another stack or is treated as if it did. */
export function isOthers(row: Row, { config, kept }: Context): boolean {
  return row.stack !== config.name || (kept?.includes(row) ?? false);
}

/**
 * The row that an `external` entry refers to: the one this stack already uses, else the one made by
 * an imperative command, else the one of the only other stack that has that name.
 *
 * @param entry its key in the file, for messages
 * @param isUsed whether a container of this stack was last applied with it
 * @throws UserError if several stacks have one
 */
export function externalRow<Spec>(
  context: Context,
  kind: 'image' | 'bridge' | 'volume',
  { entry, name = entry }: { entry: string; name?: string | undefined },
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
    `${config.where([`${kind}s`, entry])}: ${kind} ${name} is external, and ${stacks.join(' and ')} each have one with that name`,
    'Rename one of them, or create a shared one with an imperative command.',
  );
}

/** Rows of any stack by name. Indexed, because every external entry looks one up. */
function rowsNamed(rows: readonly Row[], kind: KindName, name: string): readonly Row[] {
  return byAddress(rows).get(addressOf(kind, name)) ?? [];
}

function byAddress(rows: readonly Row[]): Map<Address, Row[]> {
  const cached = addresses.get(rows);
  if (cached) return cached;
  const index = new Map<Address, Row[]>();
  for (const row of rows) {
    const address = addressOf(row.kind, row.name);
    const others = index.get(address);
    if (others) others.push(row);
    else index.set(address, [row]);
  }
  addresses.set(rows, index);
  return index;
}

const addresses = new WeakMap<readonly Row[], Map<Address, Row[]>>();
