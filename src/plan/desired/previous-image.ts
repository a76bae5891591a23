import { imageVersion } from '../../model/image-version.js';
import type { Row } from '../../model/resource.js';
import { imageFile, previousFile } from '../../model/site.js';
import type { ContainerSpec, ImageSpec } from '../../model/specs.js';
import type { Context } from './context.js';

/**
 * Which version of an image is to be kept beside the one that the file asks for: what containers
 * run on when that is built. What was built in between and did no good is not, nor what nothing ever
 * ran on. Undefined for none.
 */
export function previousVersion(
  recorded: ImageSpec | undefined,
  wanted: ImageSpec,
  context: Pick<Context, 'rows' | 'site'>,
): string | undefined {
  if (!recorded) return undefined;
  const current = imageVersion(recorded);
  const { previous } = recorded;
  if (current === imageVersion(wanted)) return previous;
  const running = versionsRun(recorded.id, context);
  if (previous !== undefined && running.has(previous)) return previous;
  return running.has(current) ? current : previous;
}

/** By containers that came to run, of whatever stack. */
function versionsRun(id: string, { rows, site }: Pick<Context, 'rows' | 'site'>): Set<string> {
  const files = [imageFile(site, id), previousFile(site, id)];
  const users = (rows as readonly Row<ContainerSpec>[]).filter(
    ({ kind, status, spec }) =>
      kind === 'container' && status === 'ready' && files.includes(spec.image.file),
  );
  return new Set(users.map(({ spec }) => spec.image.version));
}
