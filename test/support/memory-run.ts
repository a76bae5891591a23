import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Context, TABLES } from '../../src/app/context.js';
import { type FastPath, fastPathFor } from '../../src/app/fast-path/index.js';
import { desiredInput } from '../../src/app/live-plan-host.js';
import { planStack } from '../../src/app/make-plan.js';
import type { Capacity, Preconditions, Probe } from '../../src/host/ports.js';
import { type InstallPaths, installPaths } from '../../src/model/install-paths.js';
import type { Plan } from '../../src/model/plan.js';
import { MemoryHost } from './memory-host.js';

/** An installation in a folder of the test, on an in-memory host. */
export function memoryInstallation(): { dir: string; paths: InstallPaths; file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'baleine-run-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const paths = { ...installPaths(join(dir, 'root')), run: join(dir, 'run') };
  return { dir, paths, file: join(dir, 'baleine.yaml') };
}

/** One run of baleine there, with the fast path or without it. */
export class MemoryRun extends Context {
  readonly #fastPath: FastPath;
  readonly #paths: InstallPaths;

  constructor(
    file: string,
    paths: InstallPaths,
    env: NodeJS.ProcessEnv = {},
    readonly observed = new MemoryHost(paths),
  ) {
    super({ file, root: paths.root, color: false });
    this.#paths = paths;
    this.#fastPath = fastPathFor(this, TABLES, env);
  }

  override get paths(): InstallPaths {
    return this.#paths;
  }

  override get fastPath(): FastPath {
    return this.#fastPath;
  }

  override async probe(): Promise<Probe> {
    return this.observed.probe();
  }

  override probeUnlocked(): Promise<Probe> {
    return this.probe();
  }

  override needsCleanup = () => false;

  /** Plans like `plan`, and like apply with the lock if there is nothing to do. */
  async plan(): Promise<Plan> {
    const config = await this.config();
    const plan = await planStack(this, config, this.fastPath.records(), {});
    if (plan.changes.length === 0) this.fastPath.store();
    return plan;
  }

  /** Whether apply ends without the lock. */
  async isNoOp(): Promise<boolean> {
    const check = this.fastPath.checkNoOp();
    const config = await this.config();
    return check(config, (rows) => desiredInput(config, this, rows));
  }

  /** A host with two CPUs and a listener on every port. */
  override capacity(): Capacity {
    return {
      cpus: () => '0-1',
      controller: () => 1,
      isBlockDevice: () => true,
      usernsProblem: () => undefined,
      platformProblem: () => undefined,
      labelProblem: () => undefined,
      addresses: () => ['10.0.0.1'],
      listener: (address) => ({ address, pid: 7, program: 'nginx' }),
    };
  }

  /** No source of a bind mount exists. */
  override async preconditions(): Promise<Preconditions> {
    return {
      isBlockDevice: () => true,
      labelProblem: () => undefined,
      controller: () => 1,
      memoryFileProblem: () => undefined,
      bindSourceProblem: (path) => `bind source ${path} does not exist`,
      newFolderProblem: () => undefined,
      securityProblem: () => undefined,
      sysctlProblem: () => undefined,
      runtimeProblem: () => undefined,
      wasmProblem: () => undefined,
      initProblem: () => undefined,
      unreclaimable: () => undefined,
      uplinkProblem: () => undefined,
      subnetProblem: () => undefined,
      subnet6Problem: () => undefined,
      forwards6: () => false,
      ipv6Problem: () => undefined,
      egressProblem: () => undefined,
      volumeSizeProblem: () => undefined,
      backupProblems: () => [],
      udpForwarderProblem: () => undefined,
      resolverProblem: () => undefined,
      lease: () => 'no DHCP server answers',
      forwards: () => false,
    };
  }
}
