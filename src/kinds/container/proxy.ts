import type { Site } from '../../model/site.js';
import { rootfsDir } from '../../model/site.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { ContainerVerbs } from './verbs.js';

type ContainerStep = StepOf<ContainerVerbs>;

/** Before a proxy first starts: whether it takes its configuration. One that runs is asked itself. */
export function check(spec: ContainerSpec, reason: string, site: Site): ContainerStep[] {
  const { id, proxy, environment, user, mounts } = spec;
  if (!proxy?.check) return [];
  const how = { environment, user, mounts };
  const args = { id, tree: rootfsDir(site, id), command: proxy.check, how };
  return [{ verb: 'container.check', args, reason }];
}

/** After it was started: it takes connections once it takes commands. */
export function listen({ id, proxy }: ContainerSpec, reason: string): ContainerStep[] {
  if (!proxy) return [];
  return [{ verb: 'container.listen', args: { proxy: { id, socket: proxy.socket } }, reason }];
}
