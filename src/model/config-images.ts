import type { Json } from './json.js';

export interface External {
  /** Made by hand or by another stack: used, never changed. */
  external: true;
}

export type ImageEntry = External | ImageSource;

export interface ImageSource {
  external?: false;
  /** Bytes of the ext4 file, and so the quota of each container's disk. Default 512 MiB, the base image's, or by what is in a foreign one. */
  size?: number;
  from: ImageFrom;
  /** For `from: {registry}`: when to ask it which image bears the name now. Default `missing`. */
  pull?: 'missing' | 'always' | 'never';
  copy: CopyEntry[];
  /** Shell lines, each run by `/bin/sh -c` in a throw-away container on the image, without network. */
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
  /** Committed from a container by hand; a file has no word for it. */
  | { container: string }
  | ForeignFrom;

/** An image that another tool makes. It comes with a config of its own. */
export type ForeignFrom = PackedFrom | { dockerfile: DockerfileSource };

/** One that is there already. */
export type PackedFrom =
  /** What `docker save` writes. */
  | { docker: ArchiveSource }
  /** An image layout of OCI, as a folder or in a tar file. */
  | { oci: ArchiveSource }
  /** As Docker writes it: `nginx:1.27`, `registry.example:5000/team/app@sha256:…`. */
  | { registry: string };

export interface DockerfileSource {
  /** The folder that its COPY lines mean. */
  context: string;
  /** Default: the Dockerfile in the context. */
  file?: string;
  /** The stage to stop at. */
  target?: string;
  args: Record<string, string>;
}

/** A compressed file (gzip, bzip2, xz, zstd) is told by its content. */
export interface ArchiveSource {
  path: string;
  /** Which of several images: a name with tag for Docker, a tag for OCI. */
  reference?: string;
}

export interface DebianSource {
  suite: string;
  packages: string[];
  /** A variant of mmdebstrap(1). */
  variant: string;
  /** Default: what the host's own apt uses. */
  mirror?: string;
}

export interface CopyEntry {
  from: string;
  to: string;
  /** Octal, `0644`; default as at the source. */
  mode?: string;
  /** `uid:gid`, default `0:0`. */
  owner: string;
}

/** What a container gets from its image unless it says otherwise (the OCI image config's words). */
export interface ImageConfig {
  entrypoint?: string[];
  command?: string[];
  environment: Record<string, string>;
  user?: string;
  working_dir?: string;
  labels?: Record<string, string>;
  stop_signal?: string;
  /** `80/tcp`. For people: every port of a container can be reached on its bridges. */
  exposed_ports?: string[];
  /** Folders that are meant for data. On record only: a container's disk is its own. */
  volumes?: string[];
  healthcheck?: ImageHealthcheck;
}

/**
 * An image's config as another tool wrote it. What baleine gives no meaning to (ONBUILD, SHELL, author,
 * history, fields of tools to come) comes out again on export.
 */
export interface OriginalConfig {
  /** The whole JSON but for `rootfs`, which says what its layers were. */
  image: { [key: string]: Json | undefined };
  /** Of its manifest. */
  annotations?: Record<string, string>;
}

/** Durations in milliseconds. */
export interface ImageHealthcheck {
  /** Run as it stands; a shell's line has its shell in front. Empty: none, whatever a base says. */
  test: string[];
  interval?: number;
  timeout?: number;
  start_period?: number;
  retries?: number;
}
