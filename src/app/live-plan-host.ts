import { fingerprint, missingSources, refuseNoFolder } from '../config/content-hash.js';
import { readProfiles } from '../config/profiles.js';
import { certificateKey } from '../kinds/desired-context.js';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { localFiles } from '../model/image-version.js';
import { askHealth } from './ask-health.js';
import type { Context } from './context.js';
import type { PlanHost } from './plan-host.js';
import { resolveImages } from './resolve-images.js';

/** This host, as plans see it. What only some plans need is loaded when they do. */
export function livePlanHost(context: Context): PlanHost {
  return {
    inputs: async (config, rows) => ({
      sources: fingerprints(config),
      origins: await resolveImages(context, config, rows),
      profiles: readProfiles(config),
    }),
    probe: () => context.probe(),
    checkHealth: (rows, probe, note) => askHealth(context, rows, probe, note),
    capacity: () => context.capacity(),
    preconditions: () => context.preconditions(),
    dataSizes: async (rows) => (await import('./data-sizes.js')).dataSizes(rows),
    checkProxies: async ({ plan, where, ...input }) =>
      (await import('./check-proxies.js')).checkProxies(context, plan, input, where),
    scheduleWarnings: async (stack) => {
      const { findSchedules, scheduleWarnings } = await import('./schedules.js');
      return scheduleWarnings(await findSchedules(context, stack));
    },
  };
}

/** Fingerprints of the local files of each image, and of each farm's certificate. */
function fingerprints(config: Config): Record<string, string> {
  const images = Object.entries(config.images).flatMap(([name, image]) => {
    const files = image.external ? [] : localFiles(image);
    if (!image.external && 'directory' in image.from) refuseNoFolder(image.from.directory);
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
