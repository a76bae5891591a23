import { volumeDir } from '../../model/site.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Context } from './context.js';
import { recordedSpec } from './recorded.js';

/** The folder of a volume: where its data lies, else where it is to be. */
export function volumePath(name: string, context: Context): string {
  const recorded = recordedSpec<VolumeSpec>(context, 'volume', name);
  return recorded?.path ?? volumeDir(context.site, context.config.name, name);
}
