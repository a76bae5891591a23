import type { Host, NewVolume } from '../../host/ports.js';
import type { Handlers } from '../../model/step.js';
import { type BeforeChange, snapshotBeforeChange } from './snapshot.js';

export interface VolumeVerbs {
  'volume.create': { path: string; how: NewVolume };
  /** Gives an existing one its size, and mounts it. */
  'volume.ensure': { path: string; how: NewVolume };
  /** Owner and mode of the folder itself. */
  'volume.own': { path: string; how: Pick<NewVolume, 'owner' | 'mode'> };
  /** Takes a snapshot before those that write to it are replaced. */
  'volume.snapshot': BeforeChange;
  /** Unmounts one with a size, and keeps it. */
  'volume.release': { path: string };
  /** Including its content. */
  'volume.remove': { path: string };
}

export function volumeHandlers(host: Pick<Host, 'volumes' | 'runtime'>): Handlers<VolumeVerbs> {
  const { volumes } = host;
  return {
    'volume.snapshot': { one: (args) => snapshotBeforeChange(host, args) },
    'volume.create': {
      one: async ({ path, how }) => {
        await volumes.create(path, how);
        return { unseeded: how.seed ? undefined : true };
      },
    },
    'volume.ensure': {
      one: async ({ path, how }) => {
        await volumes.create(path, how);
        return undefined;
      },
    },
    'volume.own': {
      one: async ({ path, how }) => {
        await volumes.give(path, how);
        return undefined;
      },
    },
    'volume.release': {
      one: async ({ path }) => {
        await volumes.release(path);
        return undefined;
      },
    },
    'volume.remove': {
      one: async ({ path }) => {
        await volumes.remove(path);
        return undefined;
      },
    },
  };
}
