import type { Json } from './json.js';

export interface External {
  /** Owned by another stack or by imperative commands: used, never changed. */
  external: true;
}

export type ImageEntry = External | ImageSource;

export interface ImageSource {
  external?: false;
  /**
   * Size of the ext4 file in bytes, which is the disk quota of each container. Default: the size of
   * the base image, a size computed from the content of a foreign image, or 512 MiB.
   */
  size?: number;
  from: ImageFrom;
  /**
   * For `from: {registry}`: when to ask the registry which image the name refers to. Default
   * `missing`.
   */
  pull?: 'missing' | 'always' | 'never';
  copy: CopyEntry[];
  /**
   * Shell commands, each run by `/bin/sh -c` in a one-off container of the image, without a
   * network.
   */
  run: string[];
  config: ImageConfig;
  protect: boolean;
}

export type ImageFrom =
  | { debian: DebianSource }
  | { tar: string }
  | { directory: string }
  | { host: { binaries: string[]; files: string[] } }
  | { image: string }
  /** Committed from a container by an imperative command; cannot be declared in a file. */
  | { container: string }
  | ForeignFrom;

/** An image built by another tool. It has a config of its own. */
export type ForeignFrom = PackedFrom | { dockerfile: DockerfileSource };

/** An image that already exists. */
export type PackedFrom =
  /** The output of `docker save`. */
  | { docker: ArchiveSource }
  /** An OCI image layout, as a folder or a tar file. */
  | { oci: ArchiveSource }
  /** An image reference as in Docker: `nginx:1.27`, `registry.example:5000/team/app@sha256:…`. */
  | { registry: string };

export interface DockerfileSource {
  /** The folder that COPY instructions read from. */
  context: string;
  /** Default: the Dockerfile in the context. */
  file?: string;
  /** The stage to stop at. */
  target?: string;
  args: Record<string, string>;
}

/** Compression (gzip, bzip2, xz, zstd) is detected by content. */
export interface ArchiveSource {
  path: string;
  /** Selects one of several images: a name with tag for Docker, a tag for OCI. */
  reference?: string;
}

export interface DebianSource {
  suite: string;
  packages: string[];
  /** A variant of mmdebstrap(1). */
  variant: string;
  /** Default: the mirror configured in the host's apt. */
  mirror?: string;
}

export interface CopyEntry {
  from: string;
  to: string;
  /** Octal, `0644`; default: the mode of the source. */
  mode?: string;
  /** `uid:gid`, default `0:0`. */
  owner: string;
}

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
