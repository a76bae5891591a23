import type { PlacedFiles, Withdrawn } from '../../host/ports.js';
import type { Limits } from '../../model/config.js';
import type { Hook, IdRange } from '../../model/container-values.js';
import type { EgressSpec } from '../../model/egress.js';
import type { HealthTarget } from '../../model/health.js';
import type { VolumeSeed } from '../../model/resource.js';
import type {
  AwaitedSpec,
  ContainerFacts,
  ContainerSpec,
  LinkSpec,
  MountSpec,
  ProxySpec,
  RotationSpec,
} from '../../model/specs.js';

/** Everything that can be done to a container, each a small idempotent action. */
export interface ContainerVerbs {
  /** Creates network namespace and veth pairs; batched over all containers of a plan. */
  'container.wire': {
    netns: string;
    links: LinkSpec[];
    userns?: IdRange;
    /** Default routes and IPv6 addresses to remove: it had them and has none now. */
    withdrawn?: Withdrawn[];
    /** Makes the namespace the way out of a bridge. */
    egress?: EgressSpec;
  };
  /** Writes its resolv.conf in place, while it runs. */
  'container.resolve': { file: string; text: string };
  /** Removes some host interfaces and keeps the namespace. */
  'container.unwire': { links: string[] };
  /** Removes the host interfaces and the namespace. */
  'container.disconnect': { netns: string; links: string[] };
  /** Creates missing folders of the host that it mounts. */
  'container.folders': { paths: string[] };
  /** Fills empty volumes that are not of this stack with what an image has. */
  'container.seed': { volumes: VolumeSeed[] };
  /** Creates the container's own copy of its image. */
  'container.disk': { image: string; disk: string };
  /** Rejects unless a disk file can be mounted, before a running container is stopped for it. */
  'container.check-disk': { disk: string };
  /** Makes a snapshot of the disk, which is then gone; `keep` of them stay. */
  'container.keep-disk': { id: string; keep: number };
  /** Makes the disk of a container that does not run what a snapshot is. */
  'container.restore-disk': { id: string; tag: string; former: string };
  'container.mount': { disk: string; dir: string };
  /** Checks that it can be started from an image, or on its own disk, before a running one is stopped. */
  'container.verify': { spec: ContainerSpec; image?: string };
  /**
   * Waits until a dependency meets its condition. Rejects if it cannot, or has not `limit` milliseconds
   * after its start.
   */
  'container.await': { dependency: AwaitedSpec; limit: number };
  /** Checks a proxy's configuration with the program on its disk, in a one-off container. */
  'container.check': {
    id: string;
    tree: string;
    command: string[];
    how: { environment: Record<string, string>; user: string; mounts: MountSpec[] };
  };
  /** Writes its secrets and configs; `signal` announces them to a running one. */
  'container.files': PlacedFiles;
  /** `life` has the facts of earlier starts that the row keeps. */
  'container.start': {
    spec: ContainerSpec;
    life: Pick<ContainerFacts, 'restarts' | 'last_exit'>;
    /** Go on with these saved processes, on this disk, which becomes its own once they run. */
    restored?: { images: string; disk: string };
  };
  /** Waits until a started proxy, or a master with this id, listens. */
  'container.listen': { proxy: Omit<ProxySpec, 'backend'> } | { master: string };
  /** Drains it: its proxy sends no more requests, and open ones can finish. */
  'container.leave': { rotation: RotationSpec };
  /** Admits it to the rotation of its proxy: at once, or as soon as all checks succeed. */
  'container.join': {
    id: string;
    rotation: RotationSpec;
    /** `limit` in milliseconds, for each. */
    first?: { target: HealthTarget; limit: number }[];
  };
  'container.stop': {
    id: string;
    facts: ContainerFacts;
    signal: string;
    grace: number;
    /** Commands to run inside before; their time is part of `grace`. */
    pre_stop?: Hook[];
    /** Why it stays stopped. */
    halt?: string;
  };
  /** Sets whether its monitor runs baleine when it ends. */
  'container.heal': { id: string; immediate: boolean };
  'container.limits': { cgroup: string; limits: Limits; disk: string };
  'container.unmount': { dir: string };
  /** Removes disk, log, bundle, and the folder of secrets and configs; plans of 0.2 have none. */
  'container.erase': { disk: string; log: string; bundle: string; files?: string };
}
