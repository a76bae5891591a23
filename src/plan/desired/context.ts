import type { Config } from '../../model/config.js';
import type { Row } from '../../model/resource.js';
import type { Site } from '../../model/site.js';
import type { ImageOrigin } from '../../model/specs.js';

/** What the desired state is worked out from. */
export interface Context {
  config: Config;
  /** Of every stack: external images and bridges, leases, and what others have taken. */
  rows: readonly Row[];
  site: Site;
  /** Fingerprint of the local files that go into an image, by image name. */
  sources: Readonly<Record<string, string>>;
  /** What the foreign images are, by image name. */
  origins: Readonly<Record<string, ImageOrigin>>;
}

/** The row an `external` entry means: made by hand, or by another stack. */
export function externalRow<Spec>(
  { config, rows }: Context,
  kind: Row['kind'],
  name: string,
): Row<Spec> | undefined {
  const others = rows.filter(
    (row) => row.kind === kind && row.name === name && row.stack !== config.name,
  );
  return (others.find(({ stack }) => stack === '-') ?? others[0]) as Row<Spec> | undefined;
}
