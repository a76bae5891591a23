import type { ProjectOptions } from '../../formats/yaml/read-file.js';
import type { Probe } from '../../host/ports.js';
import { dueForHealth } from '../../kinds/container/health.js';
import type { Context as PlanInput } from '../../kinds/desired-context.js';
import { hasDueWork } from '../../kinds/due.js';
import { kinds } from '../../kinds/index.js';
import type { Config } from '../../model/config.js';
import { configCache } from '../../model/install-paths.js';
import type { Plan } from '../../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import { observe } from '../../plan/observe.js';
import type { TableFormat } from '../../state/table.js';
import { parse, sourceOf } from '../read-config.js';
import { type CachedConfig, loadCached, storeCached, writeSyncMark } from './config-cache.js';
import type { FastPath, NoOpCheck, Records, Run } from './fast-path.js';
import {
  configMatchesState,
  hostMatchesState,
  isNothing,
  planInputFingerprint,
} from './in-sync.js';
import { cacheRecords, loadCachedRecords } from './records-cache.js';

/** Proof that a file and the state were in sync, by `configMatchesState`. */
interface SyncMark {
  /** From `planInputFingerprint`. */
  mark: string;
  /** Of the records. */
  serial: string;
}

/**
 * Uses what earlier runs have cached in /run: the parsed file, the parsed tables, and with which
 * records the file was in sync. As long as neither changes, only the host remains to be checked.
 */
export class CachingFastPath implements FastPath {
  readonly isOff = false;
  readonly #run: Run;
  readonly #tables: readonly TableFormat[];
  #cached: CachedConfig | undefined;
  #noted: { mark: SyncMark; records: Records } | undefined;
  /** Absent for standard input. */
  #storeConfig: ((mark: SyncMark | undefined) => void) | undefined;

  constructor(run: Run, tables: readonly TableFormat[]) {
    this.#run = run;
    this.#tables = tables;
  }

  async config(file: string, project?: ProjectOptions): Promise<Config> {
    const source = await sourceOf(file, project);
    const dir = configCache(this.#run.paths);
    const cached = file === '-' ? undefined : loadCached(dir, source);
    this.#cached = cached;
    if (cached) {
      this.#storeConfig = (mark) => mark && writeSyncMark(dir, source, cached, mark);
      return cached.config;
    }
    const parsed = await parse(source);
    this.#storeConfig = file === '-' ? undefined : () => storeCached(dir, source, parsed);
    return parsed.config;
  }

  records(): Records {
    return this.#cachedRecords() ?? this.#run.state();
  }

  checkNoOp(): NoOpCheck {
    const probe = this.#run.probeUnlocked();
    // whatever fails first is reported
    probe.catch(() => undefined);
    return async (config, inputOf) => {
      try {
        return await this.#isNoOp(config, inputOf, probe);
      } catch {
        return false;
      }
    };
  }

  /** Writes nothing, so it needs no lock: another run changes the records with its first step. */
  async #isNoOp(
    config: Config,
    inputOf: Parameters<NoOpCheck>[1],
    probe: Promise<Probe>,
  ): Promise<boolean> {
    const records = this.#cachedRecords();
    if (!records || this.#run.needsCleanup(records.rows)) return false;
    if (hasDueWork(ofStack(config.name, records), Date.now())) return false;
    const input = await inputOf(records.rows);
    return this.isInSync(input, records, async () => {
      const observed = await probe;
      // health is checked with the lock
      if (dueForHealth(ofStack(config.name, records), observed, this.#run.paths).length > 0) {
        throw new Error('health checks are due');
      }
      return observed;
    });
  }

  async isInSync(
    input: PlanInput,
    records: Records,
    observeHost: () => Promise<Probe>,
  ): Promise<boolean> {
    const known = this.#cached?.mark as SyncMark | undefined;
    if (known?.serial !== records.serial || known.mark !== planInputFingerprint(input))
      return false;
    const { name } = input.config;
    const rows = ofStack(name, records);
    const resources = rows.map(resourceFromRow);
    const { paths } = this.#run;
    const observed = observe(kinds, resources, rows, await observeHost(), paths, name);
    if (!hostMatchesState(rows, observed, kinds)) return false;
    this.#noted = { mark: known, records };
    return true;
  }

  noteInSync(plan: Plan, input: PlanInput, records: Records, resources: readonly Resource[]): void {
    const rows = ofStack(input.config.name, records);
    if (!isNothing(plan, rows, kinds) || !configMatchesState(resources, rows)) return;
    const mark = { mark: planInputFingerprint(input), serial: records.serial };
    this.#noted = { mark, records };
  }

  store(): void {
    const { mark, records } = this.#noted ?? {};
    this.#storeConfig?.(mark);
    if (records && !this.#cachedRecords()) cacheRecords(this.#run.paths, records);
  }

  /** The rows cached by an earlier run, if they are current. */
  #cachedRecords(): Records | undefined {
    return loadCachedRecords(this.#run.paths, this.#tables);
  }
}

const ofStack = (name: string, { rows }: Records): Row[] =>
  rows.filter(({ stack }) => stack === name);
