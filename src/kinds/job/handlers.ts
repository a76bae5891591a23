import type { Host } from '../../host/ports.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Handlers } from '../../model/step.js';

/** Everything that is done to a job itself; its runs are containers. */
export interface JobVerbs {
  /** Checks that its runs can be started from an image. */
  'job.verify': { spec: ContainerSpec; image: string };
  /** Removes the logs of its runs. */
  'job.erase': { logs: string };
}

export function jobHandlers({ runtime, files }: Host): Handlers<JobVerbs> {
  return {
    'job.verify': {
      all: (checks) => runtime.verifyAll(checks.map((each) => ({ ...each, program: true }))),
    },
    'job.erase': {
      one: async ({ logs }) => {
        await files.remove(logs);
        return undefined;
      },
    },
  };
}
