import { fingerprint, missingSources } from '../config/content-hash.js';
import { readProfiles } from '../config/profiles.js';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { localFiles } from '../model/image-version.js';
import type { Row } from '../model/resource.js';
import { checkCapacity } from '../plan/capacity.js';
import { certificateKey, type Context as Given } from '../plan/desired/context.js';
import type { Context } from './context.js';
import { resolveImages } from './resolve-images.js';

export type { Given };

/**
 * The input from which the desired resources are worked out.
 *
 * @throws UserError for capacity or files that the host does not have
 */
export async function desiredInput(
  config: Config,
  context: Context,
  rows: readonly Row[],
  scale: Record<string, number> = {},
): Promise<Given> {
  checkCapacity(config, context.capacity());
  const [sources, origins] = [fingerprints(config), await resolveImages(context, config, rows)];
  const profiles = readProfiles(config);
  return { config, rows, paths: context.paths, sources, origins, profiles, scale };
}

/** Fingerprints of the local files of each image, and of each farm's certificate. */
function fingerprints(config: Config): Record<string, string> {
  const images = Object.entries(config.images).flatMap(([name, image]) => {
    const files = image.external ? [] : localFiles(image);
    return files.length === 0 ? [] : [[name, fingerprint(files)] as const];
  });
  return Object.fromEntries([...images, ...certificates(config)]);
}

function certificates({ farms, where }: Config): [string, string][] {
  return Object.entries(farms).flatMap(([name, { proxy }]): [string, string][] => {
    if (!proxy.tls) return [];
    const [missing] = missingSources(proxy.tls.files);
    if (missing === undefined) return [[certificateKey(name), fingerprint(proxy.tls.files)]];
    const place = where(['farms', name, 'proxy', 'tls']);
    throw new UserError(`${place}: cannot read ${missing}: no such file`);
  });
}
