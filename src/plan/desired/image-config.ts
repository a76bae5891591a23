import type { HealthCheck, ImageConfig } from '../../model/config.js';

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

/**
 * How a container of the image is asked for its health when the file does not say: with Docker's
 * defaults, and on record only, for Docker restarts nothing that is unhealthy either.
 */
export function inheritedHealth({ healthcheck }: ImageConfig): HealthCheck | undefined {
  if (!healthcheck || healthcheck.test.length === 0) return undefined;
  const { test, ...given } = healthcheck;
  const usual = { interval: 30_000, timeout: 30_000, retries: 3, start_period: 0 };
  return { exec: test, ...usual, ...given, on_failure: 'none' };
}
