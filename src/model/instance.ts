import type { ContainerEntry } from './config.js';

/** One container to be: an entry of the file, or one of its replicas, or a part of a farm. */
export interface Instance {
  /** `web-2`. */
  name: string;
  /** The entry it came from, `web`: a name all its replicas answer to. */
  service: string;
  entry: ContainerEntry;
  /** Where the entry stands in the file. */
  path: readonly (string | number)[];
}
