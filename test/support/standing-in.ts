import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTime } from '../../src/host/linux/process/processes.js';
import { findProgram } from '../../src/host/linux/process/programs.js';
import { installPaths } from '../../src/model/install-paths.js';
import { MAIN, type PrivateHost, type Ran } from './private-host.js';

/** A script in place of a program: once, it kills the run that has started it, waits, and goes on. */
const SCRIPT = `
case " $* " in
*" $word "*)
  if rm "$dir/armed" 2>/dev/null; then
    echo $$ >"$dir/self"
    kill -KILL "$(cat "$dir/run")"
    sleep "$seconds"
    touch "$dir/went-on"
  fi
esac
exec "$program" "$@"
`;

export interface Dallying {
  /** Name of the replaced program. */
  program: string;
  /** Selects the first call with this argument. */
  word: string;
  /** Time to wait after its run was killed. */
  seconds: number;
}

/** Its state: it went on with its work, was ended before, or still waits. */
export type Went = 'on' | 'away' | 'nowhere';

/**
 * Runs baleine until it starts that program, which kills it and does its work later. So does a slow
 * program that is at work when its run gets a SIGKILL, but here the moment is always the same.
 */
export async function killedBy(
  host: PrivateHost,
  dallying: Dallying,
  words: string[],
): Promise<Ran & { went: () => Went }> {
  const dir = join(host.dir, 'standing-in');
  const at = (name: string) => join(dir, name);
  writeStandIn(dir, dallying);
  const keeping = ['-c', 'echo $$ >"$0"; exec "$@"', at('run')];
  const baleine = [process.execPath, MAIN, '--root', host.root, ...words];
  await forgetRuntime(host);
  const ran = await host.run('sh', [...keeping, ...baleine], {
    env: { PATH: `${dir}:${process.env.PATH}` },
    reject: false,
  });
  await forgetRuntime(host);
  if (existsSync(at('armed'))) {
    throw new Error(`${dallying.program} was not started\n${ran.stdout}${ran.stderr}`);
  }
  const isThere = () => startTime(Number(readFileSync(at('self'), 'utf8'))) !== undefined;
  const went = (): Went => (existsSync(at('went-on')) ? 'on' : isThere() ? 'nowhere' : 'away');
  return { ...ran, went };
}

function writeStandIn(dir: string, { program, word, seconds }: Dallying): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  writeFileSync(join(dir, 'armed'), '');
  const variables = { dir, word, seconds, program: findProgram(program) };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(join(dir, program), `#!/bin/sh\n${lines.join('')}${SCRIPT}`);
  chmodSync(join(dir, program), 0o755);
}

/** Which runtime works is kept with its path. */
async function forgetRuntime(host: PrivateHost): Promise<void> {
  await host.run('rm', ['-f', join(installPaths(host.root).run, 'runtime.json')]);
}
