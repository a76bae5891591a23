import type { Capacity, Preconditions, Probe } from '../../host/ports.js';
import { addressOf } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { State } from '../../state/state.js';
import { Context } from '../context.js';
import { type FastPath, fullPath } from '../fast-path/index.js';
import type { Frontend } from '../frontend.js';
import type { CommonOptions } from '../options.js';
import type { PlanHost } from '../plan-host.js';
import { type Answers, answerTo, replaying } from './answers.js';
import { configOf, type Snapshot } from './document.js';
import { RELEVANT } from './take.js';

/** Plans from a snapshot alone: neither the file, the state nor the host is read. */
export class ReplayContext extends Context {
  override readonly planHost: PlanHost;
  readonly #snapshot: Snapshot;

  constructor(options: CommonOptions, snapshot: Snapshot, frontend: Frontend) {
    super(options, frontend);
    this.#snapshot = snapshot;
    this.planHost = replayingHost(snapshot.answers);
  }

  override get paths(): InstallPaths {
    return this.#snapshot.paths;
  }

  override async config(): Promise<Config> {
    return configOf(this.#snapshot);
  }

  override state(): State {
    const { rows } = this.#snapshot;
    return {
      rows,
      serial: '',
      fingerprint: undefined,
      find: (kind, stack, name) =>
        rows.find((row) => row.kind === kind && row.stack === stack && row.name === name),
    };
  }

  override get fastPath(): FastPath {
    return fullPath(this);
  }

  override probe(): Promise<Probe> {
    return this.planHost.probe();
  }

  override host(): Promise<never> {
    return Promise.reject(new UserError('a snapshot can only be planned from'));
  }
}

function replayingHost(answers: Answers): PlanHost {
  const probe = replaying<Probe>('probe', answers);
  const capacity = replaying<Capacity>('capacity', answers);
  const preconditions = replaying<Preconditions>('preconditions', answers, RELEVANT);
  return {
    inputs: async () => answerTo('inputs', answers),
    probe: async () => probe,
    checkHealth: async () => probe,
    capacity: () => capacity,
    preconditions: async () => preconditions,
    dataSizes: async (rows) => {
      const addresses = rows.map(({ kind, name }) => addressOf(kind, name));
      const sizes = addresses.map((each) => {
        return [each, answerTo<string | undefined>(`dataSize ${each}`, answers)] as const;
      });
      return new Map(sizes.flatMap(([each, size]) => (size === undefined ? [] : [[each, size]])));
    },
    checkProxies: async () => answerTo('proxies', answers),
    scheduleWarnings: async () => answerTo('schedules', answers),
  };
}
