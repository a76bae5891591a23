import { statSync } from 'node:fs';
import type { Capacity } from '../host.js';
import { readHierarchies, versionOf } from './cgroups-hierarchies.js';
import { ifThere, readText } from './read.js';

export function linuxCapacity(): Capacity {
  return {
    cpus: () => readText('/sys/devices/system/cpu/online')?.trim() ?? '0',
    controller: (name) => versionOf(readHierarchies(), name),
    isBlockDevice: (path) => ifThere(() => statSync(path))?.isBlockDevice() ?? false,
  };
}
