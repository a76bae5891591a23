import { expect } from 'vitest';
import { configMatchesState, hostMatchesState } from '../../src/app/fast-path/in-sync.js';
import { type ConfigEntries, configFromFlags } from '../../src/app/imperative/flags-to-config.js';
import { pinReleases, saveFactUpdates } from '../../src/execute/checkpoint.js';
import type { Event } from '../../src/execute/events.js';
import { execute } from '../../src/execute/execute.js';
import { loadConfig } from '../../src/formats/load.js';
import { type AskLease, withGateways } from '../../src/kinds/bridge/auto-gateway.js';
import { withSubnets } from '../../src/kinds/bridge/auto-subnet.js';
import { withHostPorts } from '../../src/kinds/container/host-ports.js';
import {
  pinPreviousRelease,
  rollbackResources,
  serviceInstances,
} from '../../src/kinds/container/rollback.js';
import { desired } from '../../src/kinds/desired.js';
import { desiredImperative } from '../../src/kinds/desired-imperative.js';
import { kinds } from '../../src/kinds/index.js';
import { type Address, addressOf, IMPERATIVE_STACK } from '../../src/model/address.js';
import type { FoundDevices } from '../../src/model/device-nodes.js';
import { installPaths } from '../../src/model/install-paths.js';
import { digest } from '../../src/model/json.js';
import type { Plan } from '../../src/model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../../src/model/resource.js';
import type { ContainerSpec, ImageOrigin } from '../../src/model/specs.js';
import type { Handler } from '../../src/model/step.js';
import { buildPlan, type PlanInput } from '../../src/plan/build.js';
import { type Observed, observe } from '../../src/plan/observe.js';
import { emptyPlan, isUnused, unusedNotes } from '../../src/plan/plan-notes.js';
import { renderPlan } from '../../src/view/plan-text.js';
import { MemoryHost } from './memory-host.js';

interface PlanOptions {
  targets?: Address[];
  replace?: Address[];
  restart?: Address[];
  /** Replicas set by `baleine scale`. */
  scale?: Record<string, number>;
}

/** Devices of the host by their paths. */
const DEVICES: FoundDevices = { '/dev/fuse': [{ below: '', type: 'c', major: 10, minor: 229 }] };

/** A stack on an in-memory host: the real pipeline from the text of a file to rows and back. */
export class MemoryStack {
  readonly host: MemoryHost;
  rows: Row[] = [];
  events: Event[] = [];
  /** The resolved foreign images. */
  origins: Record<string, ImageOrigin> = {};
  /** The answer of every DHCP server. */
  lease: AskLease = (uplink) => `no DHCP server answers on ${uplink}`;
  /** Contents of secrets and configs, by `secrets.NAME`. */
  contents: Record<string, string> = {};

  constructor(readonly paths = installPaths('/var/lib/baleine')) {
    this.host = new MemoryHost(paths);
  }

  plan(text: string, options: PlanOptions = {}): Plan {
    const { stack, resources } = this.desired(text, options);
    const plan = this.#build(stack, resources, options);
    this.#checkInSync(plan, resources, options);
    return plan;
  }

  /**
   * Each plan is made with and without the fast path. If the file matches the state, a plan made
   * from the records alone must have the same changes; if the host does too, the plan is empty.
   */
  #checkInSync(plan: Plan, resources: Resource[], options: PlanOptions): void {
    const { stack, changes, notes } = plan;
    const own = this.rows.filter((row) => row.stack === stack);
    if (Object.keys(options).length > 0 || !configMatchesState(resources, own)) return;
    const used = own.filter((row) => !isUnused(row)).map(resourceFromRow);
    const byRecords = this.#build(stack, used, {});
    const others = (byRecords.notes ?? []).length - unusedNotes(own, kinds).length;
    const nothing = byRecords.changes.length === 0 && others === 0 && !byRecords.factUpdates;
    const isInSync = hostMatchesState(own, this.#observe(stack, used), kinds);
    expect(isInSync).toBe(nothing);
    const said = (text: readonly object[] = []) => text.map((each) => JSON.stringify(each)).sort();
    // what a lost volume is filled with is in the file alone
    const known = changes.map(({ reasons, ...rest }) => ({
      ...rest,
      reasons: reasons.filter((each) => !each.startsWith('seeded from ')),
    }));
    const recorded = byRecords.changes.map(({ reasons, ...rest }) => ({ ...rest, reasons }));
    expect(said(recorded)).toEqual(said(known));
    expect(said(byRecords.notes)).toEqual(said(notes));
    if (isInSync) expect(emptyPlan(stack, own, kinds)).toEqual(plan);
  }

  /** The plan of `baleine rollback`. */
  planRollback(text: string, name: string): Plan {
    const { stack, resources } = this.desired(text);
    const members = serviceInstances(name, resources, stack);
    const held = pinPreviousRelease(name, members, this.rows);
    const where = { stack, rows: this.rows, paths: this.paths };
    const back = rollbackResources(name, held, members, where);
    return this.#build(stack, back.resources, { targets: back.targets });
  }

  /** @param cut stop after the pin is recorded, before the first step */
  async rollback(text: string, name: string, { cut = false } = {}): Promise<void> {
    const plan = this.planRollback(text, name);
    await pinReleases(plan, this.#store());
    if (!cut) await this.executePlan(plan);
  }

  desired(text: string, { scale = {} }: PlanOptions = {}) {
    const { rows, paths, origins } = this;
    const source = { file: 'baleine.yaml', text, env: {}, directory: '/srv' };
    const listener = () => undefined;
    const config = withHostPorts(
      withGateways(withSubnets(loadConfig(source), rows), rows, this.lease),
      rows,
      listener,
    );
    const files = this.#filesOf(rows);
    const resources = desired({
      ...{ config, rows, paths, sources: {}, origins, scale, devices: DEVICES },
      ...files,
    });
    return { stack: config.name, resources };
  }

  /** As the real ones, but that the digest of a content is made without a key. */
  #filesOf(rows: readonly Row[]) {
    const contents = Object.entries(this.contents);
    const fileDigests = Object.fromEntries(contents.map(([name, text]) => [name, digest(text)]));
    for (const [, text] of contents) this.host.contents.set(digest(text), text);
    const isNew = (text: string) => !JSON.stringify(rows).includes(digest(text));
    const shown = contents.filter(([name, text]) => /^configs/.test(name) && isNew(text));
    return { fileDigests, fileTexts: Object.fromEntries(shown) };
  }

  /** The complete text shown to a user. */
  planText(text: string, options: PlanOptions = {}): string {
    return renderPlan(this.plan(text, options), { color: false });
  }

  planDestroy(
    stack: string,
    { deleteData = true, ...sizes }: Pick<PlanInput, 'deleteData' | 'dataSizes'> = {},
  ): Plan {
    const gone = { goneReason: 'asked to be destroyed', deleteData, keepProtected: true, ...sizes };
    return this.#build(stack, [], {}, gone);
  }

  /** The stack as recorded, except for one container. */
  planRecorded(stack: string, name: string, edit: (spec: ContainerSpec) => ContainerSpec): Plan {
    const address = addressOf('container', name);
    const resources = this.rows.filter((row) => row.stack === stack).map(resourceFromRow);
    const edited = resources.map((each) =>
      each.address === address ? { ...each, spec: edit(each.spec as ContainerSpec) } : each,
    );
    return this.#build(stack, edited, { targets: [address] });
  }

  /** The plan of an imperative command. */
  planImperative(entries: ConfigEntries, asked: Address[], removed: Address[] = []): Plan {
    const config = configFromFlags(entries, 'do it');
    const context = { config, rows: this.rows, paths: this.paths, sources: {}, origins: {} };
    const { resources, targets } = desiredImperative(context, asked, removed);
    return this.#build(IMPERATIVE_STACK, resources, { targets }, { deleteData: true });
  }

  async apply(text: string, options: PlanOptions = {}): Promise<void> {
    const plan = this.plan(text, options);
    await this.host.noteHealthChecked();
    await saveFactUpdates(plan, this.#store());
    await this.executePlan(plan);
  }

  async executePlan(plan: Plan, stop: AbortSignal = new AbortController().signal): Promise<void> {
    const tables = await Promise.all(
      Object.values(kinds).map((kind) => kind.handlers(this.host.ports, this.paths)),
    );
    const handlers = Object.assign({}, ...tables) as Record<string, Handler<unknown>>;
    await execute(plan, {
      store: this.#store(),
      handlers,
      emit: (event) => this.events.push(event),
      parallelism: 4,
      stop,
      keepGoing: false,
    });
  }

  #build(
    stack: string,
    resources: ReturnType<typeof desired>,
    options: PlanOptions,
    gone: Pick<PlanInput, 'goneReason' | 'deleteData' | 'keepProtected' | 'dataSizes'> = {},
  ): Plan {
    const rows = this.rows.filter((row) => row.stack === stack);
    const observed = this.#observe(stack, resources);
    const all = { stack, resources, rows, observed, kinds, paths: this.paths, ...options, ...gone };
    return buildPlan(all);
  }

  #observe(stack: string, resources: Resource[]): Observed {
    const rows = this.rows.filter((row) => row.stack === stack);
    return observe(kinds, resources, rows, this.host.probeAsking(rows), this.paths, stack);
  }

  #store() {
    const same = (a: Row, kind: string, stack: string, name: string) =>
      a.kind === kind && a.stack === stack && a.name === name;
    return {
      find: (kind: string, stack: string, name: string) =>
        this.rows.find((row) => same(row, kind, stack, name)),
      put: async (row: Row) => {
        this.rows = this.rows.filter((each) => !same(each, row.kind, row.stack, row.name));
        this.rows.push(structuredClone(row));
      },
      drop: async (kind: string, stack: string, name: string) => {
        this.rows = this.rows.filter((each) => !same(each, kind, stack, name));
      },
    };
  }
}
