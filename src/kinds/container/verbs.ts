import type { Limits } from '../../model/config.js';
import type { ContainerFacts, ContainerSpec, LinkSpec } from '../../model/specs.js';

/** Everything that can be done to a container, one small idempotent act each. */
export interface ContainerVerbs {
  /** Network namespace and veth pairs; batched over all containers of a plan. */
  'container.wire': { netns: string; links: LinkSpec[] };
  /** Takes some host ends away and leaves the namespace. */
  'container.unwire': { links: string[] };
  /** Takes the host ends and the namespace away. */
  'container.disconnect': { netns: string; links: string[] };
  /** The container's own copy of its image. */
  'container.disk': { image: string; disk: string };
  'container.mount': { disk: string; dir: string };
  'container.start': { spec: ContainerSpec; restarts: number };
  'container.stop': { id: string; facts: ContainerFacts; signal: string; grace: number };
  'container.limits': { cgroup: string; limits: Limits; disk: string };
  'container.unmount': { dir: string };
  /** Removes disk, log and bundle. */
  'container.erase': { disk: string; log: string; bundle: string };
}
