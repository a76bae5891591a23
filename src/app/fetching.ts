import type { Config, ImageEntry } from '../model/config.js';

/** When to ask a registry about an image; `policy` is what the file says. */
export type PullPolicy = 'always' | 'missing' | 'never' | 'policy';

/** How images are got in one run, whatever the file says. */
export interface FetchOptions {
  pull?: PullPolicy;
  /** Build Dockerfiles again, though their folders are unchanged. */
  build?: boolean;
}

/**
 * The config with these options in place of the file's `pull`.
 *
 * @param only the images that they are about; all by default
 */
export function withFetching(
  config: Config,
  { pull = 'policy', build = false }: FetchOptions,
  only?: ReadonlySet<string>,
): Config {
  if (pull === 'policy' && !build) return config;
  const images = Object.entries(config.images).map(([name, image]): [string, ImageEntry] => {
    if (image.external || (only && !only.has(name))) return [name, image];
    // a build that is asked for again is not current: see `resolveImages`
    if ('dockerfile' in image.from) return [name, build ? { ...image, pull: 'always' } : image];
    if (!('registry' in image.from) || pull === 'policy') return [name, image];
    return [name, { ...image, pull }];
  });
  return { ...config, images: Object.fromEntries(images) };
}
