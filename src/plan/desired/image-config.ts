import type { ImageConfig } from '../../model/config.js';

/**
 * What a base's or a foreign image's config becomes under one's own, by the rules of a Dockerfile:
 * variables and labels are merged, and an entrypoint of one's own sets the inherited command aside.
 */
export function inherit(base: ImageConfig | undefined, own: ImageConfig): ImageConfig {
  if (!base) return own;
  const { command, ...rest } = base;
  const labels = { ...base.labels, ...own.labels };
  return {
    ...rest,
    ...(command && !own.entrypoint && { command }),
    ...own,
    environment: { ...base.environment, ...own.environment },
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}
