import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTime } from '../../src/host/linux/process/processes.js';
import { findProgram } from '../../src/host/linux/process/programs.js';
import { installPaths } from '../../src/model/install-paths.js';
import { MAIN, type PrivateHost, type Ran } from './private-host.js';

/** Replaces a program: at one call it kills the run that started it, waits, and then does its work. */
const SCRIPT = `
case " $* " in
*" $word "*)
  if rm "$dir/armed" 2>/dev/null; then
    echo $$ >"$dir/self"
    kill -KILL "$(cat "$dir/run")"
    sleep "$seconds"
    touch "$dir/completed"
  fi
esac
exec "$program" "$@"
`;

export interface HangingProgram {
  /** Name of the replaced program. */
  program: string;
  /** Selects the first call with this argument. */
  word: string;
  /** Time to wait after its run was killed. */
  seconds: number;
}

/** What became of the program: it did its work, was killed before, or still waits. */
export type Outcome = 'completed' | 'killed' | 'waiting';

/**
 * Runs baleine until it starts a program that kills it and does its work later. This resembles a slow
 * program whose run gets a SIGKILL, but always at the same moment.
 */
export async function runKilledBy(
  host: PrivateHost,
  hanging: HangingProgram,
  words: string[],
): Promise<Ran & { outcome: () => Outcome }> {
  const dir = join(host.dir, 'standing-in');
  const at = (name: string) => join(dir, name);
  writeStandIn(dir, hanging);
  const keeping = ['-c', 'echo $$ >"$0"; exec "$@"', at('run')];
  const baleine = [process.execPath, MAIN, '--root', host.root, ...words];
  await forgetRuntime(host);
  const ran = await host.run('sh', [...keeping, ...baleine], {
    env: { PATH: `${dir}:${process.env.PATH}` },
    reject: false,
  });
  await forgetRuntime(host);
  if (existsSync(at('armed'))) {
    throw new Error(`${hanging.program} was not started\n${ran.stdout}${ran.stderr}`);
  }
  const isThere = () => startTime(Number(readFileSync(at('self'), 'utf8'))) !== undefined;
  const outcome = (): Outcome =>
    existsSync(at('completed')) ? 'completed' : isThere() ? 'waiting' : 'killed';
  return { ...ran, outcome };
}

function writeStandIn(dir: string, { program, word, seconds }: HangingProgram): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  writeFileSync(join(dir, 'armed'), '');
  const variables = { dir, word, seconds, program: findProgram(program) };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(join(dir, program), `#!/bin/sh\n${lines.join('')}${SCRIPT}`);
  chmodSync(join(dir, program), 0o755);
}

/** Removes the cached choice of a runtime, which includes the program's path. */
async function forgetRuntime(host: PrivateHost): Promise<void> {
  await host.run('rm', ['-f', join(installPaths(host.root).run, 'runtime.json')]);
}
