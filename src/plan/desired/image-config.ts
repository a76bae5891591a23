import type {
  ContainerEntry,
  HealthCheck,
  ImageConfig,
  ImageHealthcheck,
} from '../../model/config.js';
import { equal } from '../../model/json.js';
import type { ContainerSpec } from '../../model/specs.js';

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
 * How a container of the image is asked for its health when the file gives no test: with Docker's
 * defaults, and with what the file says in their place. What is unhealthy is healed as with a test of
 * its own.
 *
 * @returns undefined when the image has no check, or the file disables it
 */
export function inheritedHealth(
  { healthcheck }: ImageConfig,
  { restart, image_health = {} }: Pick<ContainerEntry, 'restart' | 'image_health'>,
): HealthCheck | undefined {
  if ('disable' in image_health) return undefined;
  if (!healthcheck || healthcheck.test.length === 0) return undefined;
  const { test, ...given } = healthcheck;
  const usual = { interval: 30_000, timeout: 30_000, retries: 3, start_period: 0 };
  const on_failure = restart.name === 'no' ? 'none' : 'restart';
  return { exec: test, ...usual, ...given, on_failure, ...image_health };
}

/** Of a container whose image and file say nothing. */
const USUAL = { user: '0:0', working_dir: '/', stop_signal: 'SIGTERM' } as const;

/**
 * The config of an image that is made of a container, as docker commit has it: the image's own, with what
 * the container was given in its place.
 *
 * @param image what the container was made from; undefined when it is gone
 */
export function committedConfig(spec: ContainerSpec, image: ImageConfig | undefined): ImageConfig {
  const { entrypoint: _entrypoint, command: _command, ...kept } = image ?? {};
  const length = spec.entrypoint_length ?? inheritedLength(spec, image);
  const [entrypoint, command] = [spec.args.slice(0, length), spec.args.slice(length)];
  const own = (name: keyof typeof USUAL) =>
    spec[name] !== (image?.[name] ?? USUAL[name]) && { [name]: spec[name] };
  const healthcheck = committedHealth(spec.healthcheck, image);
  return {
    ...kept,
    ...(entrypoint.length > 0 && { entrypoint }),
    ...(command.length > 0 && { command }),
    environment: spec.environment,
    ...own('user'),
    ...own('working_dir'),
    ...own('stop_signal'),
    ...(Object.keys(spec.labels).length > 0 && { labels: spec.labels }),
    ...(healthcheck && { healthcheck }),
  };
}

function inheritedLength({ args }: ContainerSpec, image: ImageConfig | undefined): number {
  const { entrypoint = [] } = image ?? {};
  return entrypoint.every((each, at) => args[at] === each) ? entrypoint.length : 0;
}

/** A test of a port or page is none that an image can have. */
function committedHealth(
  own: HealthCheck | undefined,
  image: ImageConfig | undefined,
): ImageHealthcheck | undefined {
  const inherited = image?.healthcheck;
  if (!own) return inherited && { test: [] };
  if (!('exec' in own)) return inherited;
  const before = image && inheritedHealth(image, { restart: { name: 'always' } });
  const { exec: test, on_failure: _act, ...given } = own;
  return before && equal({ ...before, on_failure: own.on_failure }, own)
    ? inherited
    : { test, ...given };
}
