import type { Preconditions, Probe } from '../../host/ports.js';
import { kinds } from '../../kinds/index.js';
import { type Address, addressOf } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { Row } from '../../model/resource.js';
import { Context } from '../context.js';
import { desiredResources } from '../desired-resources.js';
import { type FastPath, fullPath } from '../fast-path/index.js';
import { livePlanHost } from '../live-plan-host.js';
import { planDestroy, planStack } from '../make-plan.js';
import type { PlanHost } from '../plan-host.js';
import { type Answers, type Relevant, recording, recordOutcome } from './answers.js';
import { FORMAT, placesOf, type Snapshot } from './document.js';
import { redact } from './redact.js';

/** The part of a container that identifies what is asked about its security options. */
export const RELEVANT: Relevant<Preconditions> = {
  securityProblem: ({
    security,
    cap_add,
    cap_drop,
    seccomp,
  }: Parameters<Preconditions['securityProblem']>[0]) => ({ security, cap_add, cap_drop, seccomp }),
};

/**
 * Records everything that a plan of the stack depends on. Changes nothing on the host; health
 * checks that are due are run, as by `plan`.
 *
 * @param version of this program
 * @param withValues keep the values of environment variables readable
 * @throws ConfigError for an invalid file: then there is no plan to record
 */
export async function takeSnapshot(
  { options }: Context,
  version: string,
  { withValues }: { withValues: boolean },
): Promise<Snapshot> {
  const answers: Answers = {};
  const context = new RecordingContext(options, answers);
  context.buildsLater = true;
  const config = await context.config();
  const state = context.state();
  const { name, where: _, ...data } = config;
  await recordPlans(context, config);
  const snapshot: Snapshot = {
    format: FORMAT,
    version,
    taken_at: new Date().toISOString(),
    values: withValues ? 'readable' : 'hashed',
    paths: context.paths,
    config: { name, ...data },
    places: placesOf(config),
    rows: [...state.rows],
    answers,
  };
  return withValues ? snapshot : redact(snapshot);
}

/**
 * Makes the plans that a replay may be asked for: apply, destroy, and apply with everything
 * replaced, which asks the host about the start of every container.
 */
async function recordPlans(context: Context, config: Config): Promise<void> {
  const state = context.state();
  const { rows } = state;
  await attempt(() => planStack(context, config, state, { health: 'ask' }));
  await attempt(async () => {
    const resources = await desiredResources(config, context, rows);
    const replaceable = resources.filter(({ kind, protect, spare }) => {
      return !protect && !spare && !kinds[kind].keepsData && !kinds[kind].derived;
    });
    const replace = replaceable.map(({ address }) => address);
    await planStack(context, config, state, { replace });
  });
  await attempt(() => planDestroy(context, config.name, rows, {}, true));
  await attempt(() => context.planHost?.scheduleWarnings(config.name));
}

/** What is wrong with the stack or the host is part of the snapshot. */
async function attempt(plan: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await plan();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** Plans in full, whatever an earlier run has found out, and records the answers of the host. */
class RecordingContext extends Context {
  override readonly planHost: PlanHost;

  constructor(options: Context['options'], answers: Answers) {
    super(options);
    this.planHost = recordingHost(livePlanHost(new Context(options)), answers);
  }

  override get fastPath(): FastPath {
    return fullPath(this);
  }
}

/** Observes the host once, for any number of plans. */
function recordingHost(live: PlanHost, answers: Answers): PlanHost {
  const capacity = recording('capacity', live.capacity(), answers);
  let probe: Promise<Probe> | undefined;
  let checked: Promise<Probe> | undefined;
  let preconditions: Promise<Preconditions> | undefined;
  const record = <T>(question: string, ask: () => Promise<T>) =>
    recordOutcome(question, answers, ask);
  return {
    inputs: (config, rows) => record('inputs', () => live.inputs(config, rows)),
    probe: () => {
      probe ??= live.probe().then((each) => recording('probe', each, answers));
      return probe;
    },
    checkHealth: (rows, observed) => {
      const check = async () => live.checkHealth(rows, observed, false);
      checked ??= check().then((each) => recording('probe', each, answers));
      return checked;
    },
    capacity: () => capacity,
    preconditions: () => {
      const record = (each: Preconditions) => recording('preconditions', each, answers, RELEVANT);
      preconditions ??= live.preconditions().then(record);
      return preconditions;
    },
    dataSizes: async (rows) => {
      const sizes = new Map<Address, string>();
      for (const row of rows) {
        const address = addressOf(row.kind, row.name);
        const size = await record(`dataSize ${address}`, () => sizeOf(row, live));
        if (size !== undefined) sizes.set(address, size);
      }
      return sizes;
    },
    checkProxies: (check) => record('proxies', () => live.checkProxies(check)),
    scheduleWarnings: (stack) => record('schedules', () => live.scheduleWarnings(stack)),
  };
}

async function sizeOf(row: Row, live: PlanHost): Promise<string | undefined> {
  return (await live.dataSizes([row])).get(addressOf(row.kind, row.name));
}
