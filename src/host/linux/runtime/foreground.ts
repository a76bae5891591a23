import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runtimeNameOf } from '../../../kinds/container/keys/wasm.js';
import type { OciSpec } from '../../../model/oci.js';
import type { ContainerSpec } from '../../../model/specs.js';
import type { Foreground } from '../../ports.js';
import { readyVolumes } from '../volumes/ready.js';
import { stagedMounts, writeBundle } from './bundle.js';
import { cleanUp } from './clear.js';
import { exitCodeOfFailedStart } from './exec-error-code.js';
import { withIdmapStage } from './idmap-staging.js';
import { bundleFiles, stateDir } from './layout.js';
import { watchOneOff } from './one-off.js';
import { ownTerminal, relay } from './relay.js';
import { ensureShm } from './shared-namespaces.js';
import { clearCgroup, type StartContext } from './start.js';
import { withSubpaths } from './subpaths.js';

/**
 * Runs a container to completion with our standard streams and without a monitor. The disk must be
 * mounted and the network namespace wired.
 *
 * @returns its exit code, 128 + n if signal n ended it; 127 if there is no such program, 126 if it
 *   cannot be executed
 */
export async function runInForeground(
  context: StartContext,
  spec: ContainerSpec,
  how: Foreground,
): Promise<number> {
  await readyVolumes(context.paths, spec.mounts);
  return withSubpaths(spec, (opened) => run(context, opened, how));
}

async function run(
  context: StartContext,
  spec: ContainerSpec,
  { input, terminal, started, stop }: Foreground,
): Promise<number> {
  const { paths } = context;
  const runtime = await context.runtime(runtimeNameOf(spec));
  await cleanUp(paths, spec.id);
  await clearCgroup(context, spec.id);
  await ensureShm(paths, spec);
  writeBundle(paths, spec, runtime, terminal ? ownTerminal() : undefined);
  const pidFile = join(bundleFiles(paths, spec.id).dir, 'run.pid');
  await rm(pidFile, { force: true });
  const state = stateDir(paths, runtime.name);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const { dir: bundle, config, rootfs } = bundleFiles(paths, spec.id);
  const [program = '', ...words] = runtime.command;
  const before = [...words, '--root', state, 'run'];
  const begun = { program, before, after: ['--bundle', bundle, spec.id], pidFile };
  return withIdmapStage(paths, spec, stagedMounts(paths, spec), async () => {
    const watched = { id: spec.id, runtime: runtime.name, pidFile, grace: spec.stop_grace_period };
    const unwatch = watchOneOff(paths, watched, { started, stop });
    const code = await relay(paths, begun, { input, terminal }).finally(unwatch);
    if (code === 0 || existsSync(pidFile)) return code;
    const { process: wanted } = JSON.parse(await readFile(config, 'utf8')) as OciSpec;
    return exitCodeOfFailedStart(rootfs, wanted);
  });
}
