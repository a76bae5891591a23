import type { Limits } from '../../model/config.js';
import type { HealthTarget } from '../../model/health.js';
import type { IdRange } from '../../model/id-range.js';
import type {
  AwaitedSpec,
  ContainerFacts,
  ContainerSpec,
  LinkSpec,
  MountSpec,
  ProxySpec,
  RotationSpec,
} from '../../model/specs.js';

/** Everything that can be done to a container, one small idempotent act each. */
export interface ContainerVerbs {
  /** Network namespace and veth pairs; batched over all containers of a plan. */
  'container.wire': { netns: string; links: LinkSpec[]; userns?: IdRange };
  /** Takes some host ends away and leaves the namespace. */
  'container.unwire': { links: string[] };
  /** Takes the host ends and the namespace away. */
  'container.disconnect': { netns: string; links: string[] };
  /** The container's own copy of its image. */
  'container.disk': { image: string; disk: string };
  /** Rejects unless a disk file can be mounted: before what runs is stopped for it. */
  'container.check-disk': { disk: string };
  'container.mount': { disk: string; dir: string };
  /** Whether it could be started from an image, or on its own disk, before what runs is stopped. */
  'container.verify': { spec: ContainerSpec; image?: string };
  /**
   * Until another one is as this one needs it. Rejects when it cannot become so, or is not so many
   * milliseconds after its start.
   */
  'container.await': { dependency: AwaitedSpec; limit: number };
  /** Whether a proxy takes its configuration; run apart, on its disk. */
  'container.check': {
    id: string;
    tree: string;
    command: string[];
    how: { environment: Record<string, string>; user: string; mounts: MountSpec[] };
  };
  /** `life` is what the row will say of the lives before. */
  'container.start': { spec: ContainerSpec; life: Pick<ContainerFacts, 'restarts' | 'last_exit'> };
  /** Until a proxy that was started listens. */
  'container.listen': { proxy: Omit<ProxySpec, 'backend'> };
  /** Has its proxy send it no more requests, and lets those under way end. */
  'container.leave': { rotation: RotationSpec };
  /** Has its proxy send it requests again: at once, or as soon as all that is asked answers well. */
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
    /** Why it is not to be started again. */
    halt?: string;
  };
  /** Whether its monitor calls baleine when it ends. */
  'container.heal': { id: string; immediate: boolean };
  'container.limits': { cgroup: string; limits: Limits; disk: string };
  'container.unmount': { dir: string };
  /** Removes disk, log and bundle. */
  'container.erase': { disk: string; log: string; bundle: string };
}
