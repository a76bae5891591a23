// Values of the keys of an image, after reading.

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
  | RegistrySource;

export interface RegistrySource {
  registry: string;
  /** Default: that of this host. */
  platform?: ModulePlatform;
}

/** Platform of WebAssembly modules. `wasi/wasm32` is the older name. */
export type ModulePlatform = 'wasi/wasm' | 'wasi/wasm32';

export interface DockerfileSource {
  /** The folder that COPY instructions read from. */
  context: string;
  /** Default: the Dockerfile in the context. */
  file?: string;
  /** The stage to stop at. */
  target?: string;
  args: Record<string, string>;
  // absent unless the file has them, so that records of older images stay equal
  /** The Dockerfile's text, in place of a file. */
  inline?: string;
  labels?: Record<string, string>;
  /** `NAME:ADDRESS` each. */
  extra_hosts?: string[];
  /** Without it, steps have the host's. */
  network?: 'none';
  /** Folders by the name that FROM and COPY --from know them by. */
  additional_contexts?: Record<string, string>;
  ulimits?: Record<string, { soft: number; hard: number }>;
  /** Default: that of this host. */
  platform?: ModulePlatform;
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
