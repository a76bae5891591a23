import type { IMAGE_KEYS } from '../kinds/image/keys.js';
import type { EntriesOf } from '../kinds/key.js';
import type { Json } from './json.js';

export type * from './image-values.js';

export interface External {
  /** Owned by another stack or by imperative commands: used, never changed. */
  external: true;
  /** Its name there, if that is another than here. Only of bridges and volumes. */
  name?: string;
}

export type ImageEntry = External | ImageSource;

/** Its keys after reading; `config` has those that containers inherit. */
export type ImageSource = { external?: false; config: ImageConfig } & EntriesOf<typeof IMAGE_KEYS>;

/**
 * Defaults that containers inherit from their image, named as in baleine.yaml (OCI image config).
 */
export interface ImageConfig {
  entrypoint?: string[];
  command?: string[];
  environment: Record<string, string>;
  user?: string;
  working_dir?: string;
  labels?: Record<string, string>;
  stop_signal?: string;
  /** `80/tcp`. Informational: every port of a container is reachable on its bridges. */
  exposed_ports?: string[];
  /** Folders meant for data. Informational: every container has its own disk. */
  volumes?: string[];
  healthcheck?: ImageHealthcheck;
}

/**
 * An image config as written by another tool. Fields that baleine does not use (ONBUILD, SHELL,
 * author, history, future fields) are preserved on export.
 */
export interface OriginalConfig {
  /** The whole JSON except `rootfs`, which lists the layers. */
  image: { [key: string]: Json | undefined };
  /** Annotations of the manifest. */
  annotations?: Record<string, string>;
}

/** Durations in milliseconds. */
export interface ImageHealthcheck {
  /**
   * The argument vector; a shell command includes its shell. Empty: no check, even if the base
   * image has one.
   */
  test: string[];
  interval?: number;
  timeout?: number;
  start_period?: number;
  retries?: number;
}
