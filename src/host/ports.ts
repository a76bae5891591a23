/**
 * The host as small ports. `linux/` has the real implementations, test/support in-memory ones.
 * Every `ensure…` checks first, acts on a difference, and reads back; removing something absent
 * succeeds; every failure rejects with "cannot <verb> <thing>: <cause>".
 */

import type { Cgroups, Health, Runtime } from './containers.js';
import type { Links, Masters, Proxies } from './network.js';
import type {
  DiskSnapshots,
  Disks,
  Files,
  ImageCache,
  Images,
  MemoryFiles,
  Rootfs,
  Volumes,
} from './storage.js';

export type * from './containers.js';
export type * from './network.js';
export type * from './snapshot.js';
export type * from './storage.js';

/** All that handlers act through. Importers use this file alone, and the import rules name it. */
export interface Host {
  links: Links;
  disks: Disks;
  diskSnapshots: DiskSnapshots;
  rootfs: Rootfs;
  images: Images;
  imageCache: ImageCache;
  files: Files;
  memoryFiles: MemoryFiles;
  volumes: Volumes;
  cgroups: Cgroups;
  runtime: Runtime;
  health: Health;
  proxies: Proxies;
  masters: Masters;
}
