import type {
  DebianSource,
  FileSection,
  ForeignFrom,
  IdRange,
  OriginalConfig,
} from '../model/config.js';
import type { ImageConfig, ImageOrigin, MemoryFileSpec } from '../model/specs.js';

export interface Files {
  /** Creates a folder with its parents; mode 0700 by default. */
  ensureDir(path: string, mode?: number): Promise<void>;
  /** Creates a missing folder of the host with its parents, mode 0755; leaves what exists alone. */
  ensureFolder(path: string): Promise<void>;
  /** Atomic: temporary file, fsync, rename, fsync of the folder. */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Concatenates the texts of several files; otherwise as `write`. */
  join(from: string[], path: string, mode?: number): Promise<void>;
  /**
   * Overwrites the same inode, for files that are bind-mounted into running containers. False if
   * the file does not exist.
   */
  overwrite(path: string, text: string): Promise<boolean>;
  /** Moves a folder to an unused path on the same file system. */
  move(from: string, to: string): Promise<void>;
  /** Removes a file or a whole folder; never follows a link, never crosses a mount point. */
  remove(path: string): Promise<void>;
}

/** Secrets and configs of containers: files in memory, which containers mount one by one. */
export interface MemoryFiles {
  /**
   * Makes the files of a container exactly these. A changed content is written into the same file,
   * so that a running container sees it; `signal` tells its first process.
   *
   * @throws UserError if a content is not what was planned, or no longer known
   */
  place(wanted: PlacedFiles): Promise<void>;
  /** Removes a container's folder of them. */
  remove(folder: string): Promise<void>;
}

export interface PlacedFiles {
  /** Of the container. */
  id: string;
  files: (MemoryFileSpec & { section: FileSection })[];
  /** Where the default owner is looked up; absent: owners are left to the next start. */
  owner?: { user: string; tree: string; userns?: IdRange };
  signal?: string;
}

/** Folders that outlive the containers that they are mounted in. */
export interface Volumes {
  /**
   * Creates the folder with its first content: complete or not at all. An existing volume keeps what
   * it has, and becomes as described: a folder, or a mounted file system of that size. An empty one
   * gets the content.
   *
   * @throws UserError if it would have to be moved, or made smaller, while something uses it
   */
  create(path: string, how: NewVolume): Promise<void>;
  /** Unmounts one that has a size; its data stays in its file. */
  release(path: string): Promise<void>;
  /** Sets owner and mode of the folder itself. */
  give(path: string, how: Pick<NewVolume, 'owner' | 'mode'>): Promise<void>;
  /**
   * Copies a volume to a new folder: complete or not at all. Writes to a volume with a size wait until
   * it is copied; of another, the caller stops whoever writes.
   *
   * @param to below the volume's `snapshotsDir`
   */
  snapshot(path: string, to: string, now: Date): Promise<SnapshotCost>;
  /**
   * Makes a volume what a snapshot is. What it was becomes the snapshot `tag`, which does not exist.
   *
   * @param how.size of the volume; undefined for a folder
   * @throws UserError if something uses the volume
   */
  restore(path: string, snapshot: string, how: { size?: number; tag: string }): Promise<void>;
  /** Makes a new volume of a snapshot: of that size, or a folder. */
  createFrom(path: string, snapshot: string, size: number | undefined): Promise<void>;
  /** The oldest first. */
  snapshots(path: string): Snapshot[];
  removeSnapshot(snapshot: string): Promise<void>;
  /** Removes it with its content, and the leftovers of interrupted work; its snapshots stay. */
  remove(path: string): Promise<void>;
}

/** Snapshots of the disks of containers, by the ids of these. */
export interface DiskSnapshots {
  /** Copies a disk while nothing writes to it: complete or not at all. */
  take(id: string, tag: string, now: Date): Promise<SnapshotCost>;
  /**
   * Makes a snapshot of the disk itself, which is then gone, without a copy. False if there is none.
   * The container does not run.
   */
  keep(id: string, tag: string): Promise<boolean>;
  /**
   * Makes the disk what a snapshot is. What it was becomes the snapshot `former`. The container does not
   * run.
   */
  restore(id: string, tag: string, former: string): Promise<void>;
  /** The oldest first. */
  list(id: string): Snapshot[];
  remove(id: string, tag: string): Promise<void>;
  /** For a container that gets another id. */
  rename(before: string, after: string): Promise<void>;
}

/** A copy of a volume or disk. */
export interface Snapshot {
  tag: string;
  /** When it was taken, in milliseconds since 1970. */
  taken: number;
  /** Of its file system, if the volume had a size. */
  size?: number;
}

export interface SnapshotCost {
  /** Bytes that the copy occupies, shared ones included. */
  bytes: number;
  /** Milliseconds for which writes waited. */
  paused: number;
}

export interface NewVolume {
  /** Bytes of its own file system; default: a folder of the root's. */
  size?: number;
  /** `uid:gid`; default: that of the image's folder, else root. */
  owner?: string;
  /** Octal; default: that of the image's folder, else 0755. */
  mode?: string;
  /**
   * Copies what an image file has at a path, with owners, modes, ACLs, capabilities, links and
   * holes, without device nodes and sockets. Nothing if there is no folder.
   */
  seed?: { image: string; from: string };
}

/** What a copy has cost. */
export interface CopyCost {
  /** Bytes of its data. */
  bytes: number;
  /** They are shared with the original until one of both is written to. */
  shared: boolean;
}

export interface Disks {
  /**
   * Creates a sparse ext4 file. Uses a temporary name while `fill` works on the mounted tree;
   * appears complete or not at all.
   */
  create(file: string, size: number, fill: (tree: string) => Promise<void>): Promise<void>;
  /**
   * Copies a file at the cost of its data, not its size; grown to `size` if that is larger. Appears
   * complete or not at all.
   */
  copy(from: string, to: string, size?: number): Promise<void>;
  /**
   * Copies any number of files concurrently, as by `copy`; one result each, in order: undefined for a
   * copy that is there.
   */
  copyAll(copies: { from: string; to: string }[]): Promise<(Error | CopyCost | undefined)[]>;
  /**
   * Copies an image as by `copy`, and lets `fill` modify the copy before it appears. Without `fill`, one
   * of the same size is the same file under a second name: finished images are never written to.
   */
  derive(
    from: string,
    to: string,
    size: number,
    fill?: (tree: string) => Promise<void>,
  ): Promise<void>;
  /** Hard-links a file to a second name beside it, replacing what had that name; takes no space. */
  linkAs(file: string, as: string): Promise<void>;
  /**
   * Rejects with a UserError unless the file is a complete, clean ext4 file system that is not
   * mounted.
   */
  check(file: string): Promise<void>;
  /** Rejects with a UserError unless the file is a complete ext4 file system. */
  checkComplete(file: string): Promise<void>;
  /** Gives a file another name on its file system, durably, replacing what had that name. */
  replace(from: string, to: string): Promise<void>;
  /** Removes the file, and the leftovers of unfinished attempts to create it. */
  remove(file: string): Promise<void>;
  /**
   * Loop-mounts with nodev,nosuid,errors=remount-ro. Rejects a file shorter than its file system.
   */
  ensureMounted(file: string, dir: string): Promise<void>;
  /** Mounts any number of files concurrently, as by `ensureMounted`; one result each, in order. */
  mountAll(mounts: { file: string; dir: string }[]): Promise<(Error | undefined)[]>;
  /** Flushes a mounted disk's pending writes to its file. */
  flush(dir: string): Promise<void>;
  /** Unmounts and detaches the loop device; a busy one lazily. Removes the mount point. */
  ensureUnmounted(dir: string): Promise<void>;
  /** Unmounts any number of disks together, as by `ensureUnmounted`; one result each, in order. */
  unmountAll(dirs: string[]): Promise<(Error | undefined)[]>;
}

/**
 * Ways to fill a folder with a root file system. None writes outside `tree`, whatever links are in
 * it.
 */
export interface Rootfs {
  debian(source: DebianSource, tree: string): Promise<void>;
  /** What decides, besides the source itself, which files `debian` installs; undefined if that is not known. */
  debianInputs(source: DebianSource): Promise<StageInputs | undefined>;
  /** Unpacks a root file system; compressed with gzip, bzip2, xz, zstd or uncompressed. */
  extract(archive: string, tree: string): Promise<void>;
  /**
   * Copies the host's binaries with the shared libraries they need, files and folders, to the same
   * paths.
   */
  host(source: { binaries: string[]; files: string[] }, tree: string): Promise<void>;
  /**
   * Copies a file to `to` in the tree, or a folder's content into the folder `to`, with owners,
   * modes, times, hard links, xattrs and holes; `mode` and `owner` replace the source's.
   */
  copy(
    from: string,
    tree: string,
    to: string,
    how?: { mode?: string; owner?: string },
  ): Promise<void>;
}

/** Images of other tools. Everything that is read is verified by its digest and size. */
export interface Images {
  /**
   * Describes such an image without unpacking it.
   *
   * @param size desired size of the image file in bytes, if the user set one; limits decompression
   * @param owner the stack that a build result is kept for; by default imperative commands
   * @throws UserError if there is no image, it is not one, or there are several and no reference
   */
  inspect(from: ForeignFrom, size?: number, owner?: string): Promise<ImageOrigin>;
  /**
   * What a build would fail at before its first line, without building.
   *
   * @throws UserError without a Dockerfile, a folder, the stage or the program that builds
   */
  checkBuild(from: Extract<ForeignFrom, { dockerfile: unknown }>): Promise<void>;
  /**
   * Unpacks the layers into an empty tree, without device nodes.
   *
   * @throws UserError if the image no longer matches `origin`; Error if it is damaged, hostile or
   *   larger than the tree's file system. The caller removes a partially filled tree.
   */
  unpack(from: ForeignFrom, origin: ImageOrigin, tree: string): Promise<void>;
  /**
   * Writes an image for other tools: one layer and the configuration. Appears complete or not at
   * all; equal content gives equal bytes.
   *
   * @throws UserError if `to` already exists
   */
  export(what: Exported, to: string, format: ExportFormat): Promise<void>;
  /** Copies an image to the registry in its reference, with the same content as by `export`. */
  push(what: Exported): Promise<void>;
}

/**
 * The first stage of each image: the file system that `copy` and `run` start from, kept so that
 * changed files need no new one. An image has at most one, and no file of it ever changes.
 */
export interface ImageCache {
  /**
   * The file with an image's stage of these inputs. Undefined if there is none, or if the file has
   * been written to or cut off since.
   */
  find(id: string, inputs: StageInputs): Promise<string | undefined>;
  /**
   * Makes the stage, which replaces the one that the image has. It is complete or not there at all.
   *
   * @param make creates the file
   */
  keep(id: string, inputs: StageInputs, make: (file: string) => Promise<void>): Promise<string>;
  /** Removes the stage of an image, and what is left of an interrupted attempt. */
  drop(id: string): Promise<void>;
}

/** All that the content of a stage depends on. */
export interface StageInputs {
  /** Plain JSON; only a digest of it is kept. */
  content: unknown;
  /**
   * What the source is at now, for one that changes by itself; undefined if it does not answer. Then
   * its last known state counts.
   */
  state?: string | undefined;
}

export interface Exported {
  /**
   * An image file that is not mounted, or the mounted disk of a container without running
   * processes.
   */
  source: { file: string } | { tree: string };
  config: ImageConfig;
  /** The original configuration: unknown fields, and the original form of known ones. */
  original?: OriginalConfig;
  /** Its name and tag in the export, `web:latest`. */
  reference: string;
  /** ISO 8601. */
  created: string;
}

/**
 * An archive for `docker load`, an OCI image layout in a tar file, the same as a folder, or only
 * the files.
 */
export type ExportFormat = 'docker' | 'oci' | 'oci-folder' | 'tar';
