import { mkdir } from 'node:fs/promises';
import type { ContainerSpec } from '../../../model/specs.js';
import { stagedBy, writeBundle } from './bundle.js';
import { clearLife } from './clear.js';
import { inForeground } from './exec.js';
import { bundleFiles, stateDir } from './layout.js';
import { onStage } from './stage.js';
import { clearCgroup, type Surroundings } from './start.js';

/**
 * Runs a container with our standard streams, without a monitor, to its end. The disk is mounted
 * and the namespace wired.
 *
 * @returns its exit code, 128 + n when signal n ended it
 */
export async function runInForeground(
  around: Surroundings,
  spec: ContainerSpec,
  { input, terminal }: { input: boolean; terminal: boolean },
): Promise<number> {
  const { site } = around;
  const runtime = await around.runtime(spec.runtime);
  await clearLife(site, spec.id);
  await clearCgroup(around, spec.id);
  await writeBundle(site, spec, { terminal });
  const state = stateDir(site, runtime.name);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const bundle = bundleFiles(site, spec.id).dir;
  const args = ['--root', state, 'run', '--bundle', bundle, spec.id];
  return onStage(site, spec, stagedBy(site, spec), () => inForeground(runtime.path, args, input));
}
