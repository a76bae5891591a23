/**
 * The parts of an OCI bundle's config.json that we write
 * (https://github.com/opencontainers/runtime-spec/blob/main/config.md).
 */
export interface OciSpec {
  ociVersion: string;
  root: { path: string; readonly: boolean };
  hostname: string;
  annotations?: Record<string, string>;
  process: OciProcess;
  mounts: OciMount[];
  linux: {
    namespaces: { type: string; path?: string }[];
    uidMappings?: OciIdMapping[];
    gidMappings?: OciIdMapping[];
    cgroupsPath: string;
    devices?: OciDevice[];
    resources: OciResources;
    sysctl: Record<string, string>;
    maskedPaths: string[];
    readonlyPaths: string[];
    rootfsPropagation: 'private';
    /** SELinux label of the runtime's mounts. */
    mountLabel?: string;
    seccomp?: OciSeccomp;
  };
}

/** The part of the configuration that one key of a container contributes; objects are merged. */
export type OciPart = Partial<Pick<OciSpec, 'hostname' | 'annotations'>> & {
  root?: Partial<OciSpec['root']>;
  process?: Partial<OciProcess>;
  linux?: Partial<OciSpec['linux']>;
};

export interface OciIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface OciProcess {
  terminal: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; additionalGids: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities: Record<
    'bounding' | 'permitted' | 'effective' | 'inheritable' | 'ambient',
    string[]
  >;
  rlimits: { type: string; soft: number; hard: number }[];
  noNewPrivileges: boolean;
  oomScoreAdj: number;
  apparmorProfile?: string;
  selinuxLabel?: string;
}

export interface OciMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

export interface OciResources {
  devices: { allow: boolean; type?: string; major?: number; minor?: number; access: string }[];
  /** Bytes; `swap` is memory and swap together. */
  memory?: { limit?: number; reservation?: number; swap?: number };
  cpu?: { shares?: number; quota?: number; period?: number; cpus?: string };
  pids: { limit: number };
  blockIO?: Partial<Record<OciThrottle, { major: number; minor: number; rate: number }[]>>;
  network?: { classID: number };
}

export type OciThrottle =
  | 'throttleReadBpsDevice'
  | 'throttleWriteBpsDevice'
  | 'throttleReadIOPSDevice'
  | 'throttleWriteIOPSDevice';

export interface OciDevice {
  path: string;
  type: string;
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
}

export interface OciSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures: string[];
  syscalls: OciSyscall[];
}

export interface OciSyscall {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
}

/** A program that creates containers. */
export interface RuntimeCommand {
  name: string;
  /** Its path, or a wrapper command if it would refuse to work directly. */
  command: string[];
}
