import type { KindName } from '../../model/address.js';
import type { Context } from './context.js';

/**
 * What this stack has on record of a resource. How a thing is called on the host (its interface,
 * file or folder) stays as it was made or found, even when its name has changed since.
 */
export function recordedSpec<Spec>(
  { rows, config }: Pick<Context, 'rows' | 'config'>,
  kind: KindName,
  name: string,
): Spec | undefined {
  const found = rows.find(
    (row) => row.kind === kind && row.name === name && row.stack === config.name,
  );
  return found?.spec as Spec | undefined;
}
