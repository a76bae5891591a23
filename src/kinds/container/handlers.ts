import type { CopyCost, Host } from '../../host/ports.js';
import { messageOf } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { diskFile, type InstallPaths } from '../../model/install-paths.js';
import type { ContainerSpec } from '../../model/specs.js';
import {
  DoneWithNote,
  DoneWithWarning,
  type Facts,
  FailedWithFacts,
  type Handlers,
  type Work,
} from '../../model/step.js';
import { awaitDependency } from './await.js';
import { keepDisk } from './disk-snapshots.js';
import { afterStart, beforeStop } from './hooks.js';
import { join } from './join.js';
import type { ContainerVerbs } from './verbs.js';

/** Facts that are no longer true once a process was stopped. */
const STOPPED: Facts = {
  pid: undefined,
  start_time: undefined,
  boot_id: undefined,
  monitor: undefined,
  started_at: undefined,
  health: undefined,
  ended: undefined,
};

/** Facts of an earlier start that do not apply to a new one. */
const UNTROUBLED: Facts = {
  health: undefined,
  halted: undefined,
  last_exit: undefined,
  ended: undefined,
};

const costText = ({ bytes, shared }: CopyCost) =>
  shared ? 'disk shares the blocks of its image' : `copied ${formatBytes(bytes)}`;

/** Milliseconds for a proxy to listen; a loaded host needs some seconds. */
const LISTEN_LIMIT = 20_000;

/** Maps verbs to ports. The ports look before they act, and read back. */
export function containerHandlers(host: Host, paths: InstallPaths): Handlers<ContainerVerbs> {
  const { links, disks, files, volumes, memoryFiles, cgroups, runtime, health, proxies, masters } =
    host;
  return {
    'container.wire': { all: (wirings) => links.wire(wirings) },
    'container.unwire': {
      all: (all) => together(all, () => links.unwire(all.flatMap((each) => each.links))),
    },
    'container.resolve': {
      one: done(async ({ file, text }) => {
        await files.overwrite(file, text);
      }),
    },
    'container.disconnect': {
      all: (all) =>
        together(all, async () => {
          await links.unwire(all.flatMap((each) => each.links));
          await links.removeNetns(all.map(({ netns }) => netns));
        }),
    },
    'container.disk': {
      all: async (all) => {
        const copied = await disks.copyAll(
          all.map(({ image, disk }) => ({ from: image, to: disk })),
        );
        return copied.map((each) => {
          if (each === undefined || each instanceof Error) return each;
          return new DoneWithNote(costText(each));
        });
      },
    },
    'container.folders': {
      one: done(async ({ paths }) => {
        for (const path of paths) await files.ensureFolder(path);
      }),
    },
    'container.seed': {
      one: done(async ({ volumes: seeds }) => {
        for (const { path, image, from } of seeds) {
          await volumes.create(path, { seed: { image: image.file, from } });
        }
      }),
    },
    'container.check-disk': {
      one: done(({ disk }) => disks.checkComplete(disk)),
    },
    'container.keep-disk': { one: (args) => keepDisk(host, args) },
    'container.restore-disk': {
      one: done(({ id, tag, former }) => host.diskSnapshots.restore(id, tag, former)),
    },
    'container.mount': {
      all: (all) => disks.mountAll(all.map(({ disk, dir }) => ({ file: disk, dir }))),
    },
    'container.verify': { all: (checks) => runtime.verifyAll(checks) },
    'container.files': {
      one: done((wanted) => memoryFiles.place(wanted)),
    },
    'container.start': {
      one: async ({ spec, life, restored }) => {
        if (restored) {
          const facts = await restore(host, spec, restored, diskFile(paths, spec.id));
          return { ...UNTROUBLED, ...life, sockets: spec.sockets, ...facts };
        }
        const started = await runtime.start(spec);
        try {
          if (spec.post_start) await afterStart(host, spec, started);
        } catch (error) {
          // whatever its restart policy says, the next apply starts it again
          throw new FailedWithFacts(messageOf(error), STOPPED);
        }
        return { ...UNTROUBLED, ...life, sockets: spec.sockets, ...started };
      },
    },
    'container.check': {
      one: done(({ id, tree, command, how }) =>
        runtime.runOneOff(tree, command, { ...how, purpose: `start ${id} with its configuration` }),
      ),
    },
    'container.listen': {
      waits: true,
      one: done((args) =>
        'proxy' in args
          ? proxies.awaitAnswer(args.proxy, LISTEN_LIMIT)
          : masters.awaitWorker(args.master, LISTEN_LIMIT),
      ),
    },
    'container.stop': {
      waits: true,
      one: async (args, work) => {
        const { id, facts, signal, halt } = args;
        const { grace, warning } = await beforeStop(host, args);
        await runtime.stop(id, facts, { signal, grace, work });
        const stopped = halt === undefined ? STOPPED : { ...STOPPED, halted: halt };
        return warning === undefined ? stopped : new DoneWithWarning(warning, stopped);
      },
    },
    'container.leave': {
      waits: true,
      one: done(({ rotation: { proxy, server, drain } }) => proxies.drain(proxy, [server], drain)),
    },
    'container.join': {
      waits: true,
      one: done((args, work) => join(host, args, work)),
    },
    'container.await': {
      waits: true,
      one: async ({ dependency, limit }, work) => {
        try {
          await awaitDependency(health, dependency, { limit, work });
          return undefined;
        } catch (error) {
          if (dependency.required !== false) throw error;
          return new DoneWithWarning(messageOf(error).replace(/^cannot start/, 'starts'));
        }
      },
    },
    'container.heal': {
      one: done(({ id, immediate }) => runtime.healAtOnce(id, immediate)),
    },
    'container.limits': {
      one: done(({ cgroup, limits, disk }) => cgroups.ensureLimits(cgroup, limits, disk)),
    },
    'container.unmount': {
      all: (all) => disks.unmountAll(all.map(({ dir }) => dir)),
    },
    'container.erase': {
      one: done(async ({ disk, log, bundle, files: folder }) => {
        // conmon writes the next log beside the full one, as `.tmp`, and renames it.
        await disks.remove(disk);
        if (folder !== undefined) await memoryFiles.remove(folder);
        for (const path of [log, `${log}.tmp`, bundle]) await files.remove(path);
      }),
    },
  };
}

/** The disk that it runs on gets the name of its own; without that, it is ended again. */
async function restore(
  { runtime, disks }: Host,
  spec: ContainerSpec,
  { images, disk }: NonNullable<ContainerVerbs['container.start']['restored']>,
  own: string,
): Promise<Facts> {
  const started = await runtime.restore(spec, images);
  try {
    await disks.replace(disk, own);
  } catch (error) {
    await runtime.stop(spec.id, started, { signal: 'SIGKILL', grace: 0 });
    throw error;
  }
  return { ...started };
}

/** A handler without facts to record. */
function done<Args>(
  act: (args: Args, work?: Work) => Promise<void>,
): (args: Args, work?: Work) => Promise<undefined> {
  return async (args, work) => {
    await act(args, work);
    return undefined;
  };
}

/** One call for all steps: if it fails, each has failed. */
async function together(all: unknown[], act: () => Promise<void>): Promise<(undefined | Error)[]> {
  try {
    await act();
    return all.map(() => undefined);
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return all.map(() => failure);
  }
}
