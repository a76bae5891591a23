import type {
  ContainerEntry,
  HealthCheck,
  ImageConfig,
  ImageHealthcheck,
} from '../../../model/config.js';
import { equal } from '../../../model/json.js';
import type { ContainerSpec } from '../../../model/specs.js';

/**
 * The health check inherited from the image if the file declares no test: Docker's defaults,
 * overridden by the settings of the file. An unhealthy container is restarted as with its own test.
 *
 * @returns undefined if the image has no check that can run, or the file disables it
 */
export function inheritedHealth(
  { healthcheck }: ImageConfig,
  { restart, image_health = {}, wasm }: Pick<ContainerEntry, 'restart' | 'image_health' | 'wasm'>,
): HealthCheck | undefined {
  // crun executes no command beside a WebAssembly module
  if ('disable' in image_health || wasm) return undefined;
  if (!healthcheck || healthcheck.test.length === 0) return undefined;
  const { test, ...settings } = healthcheck;
  const defaults = { interval: 30_000, timeout: 30_000, retries: 3, start_period: 0 };
  const on_failure = restart.name === 'no' ? 'none' : 'restart';
  return { exec: test, ...defaults, ...settings, on_failure, ...image_health };
}

/** Defaults if neither the image nor the file sets them. */
const DEFAULTS = { user: '0:0', working_dir: '/', stop_signal: 'SIGTERM' } as const;

/**
 * The config of an image committed from a container, as in docker commit: the image's own config,
 * overridden by the container's settings.
 *
 * @param image the image that the container was created from; undefined if it no longer exists
 */
export function committedConfig(spec: ContainerSpec, image: ImageConfig | undefined): ImageConfig {
  const { entrypoint: _entrypoint, command: _command, ...kept } = image ?? {};
  const length = spec.entrypoint_length ?? inheritedLength(spec, image);
  const [entrypoint, command] = [spec.args.slice(0, length), spec.args.slice(length)];
  const own = (name: keyof typeof DEFAULTS) =>
    spec[name] !== (image?.[name] ?? DEFAULTS[name]) && { [name]: spec[name] };
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

/** An image can have `exec` tests only, not `tcp` or `http`. */
function committedHealth(
  own: HealthCheck | undefined,
  image: ImageConfig | undefined,
): ImageHealthcheck | undefined {
  const inherited = image?.healthcheck;
  if (!own) return inherited && { test: [] };
  if (!('exec' in own)) return inherited;
  const before = image && inheritedHealth(image, { restart: { name: 'always' } });
  const { exec: test, on_failure: _action, ...settings } = own;
  return before && equal({ ...before, on_failure: own.on_failure }, own)
    ? inherited
    : { test, ...settings };
}
