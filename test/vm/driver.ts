import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cgroupPath, idOf, installPaths } from '../../src/model/install-paths.js';

/** In the machine: the built baleine, one stack, and the cgroups of its containers. */
const MAIN = '/opt/baleine/main.js';
const FILE = '/root/baleine.yaml';
const SITE = installPaths('/var/lib/baleine');

export const NOTHING = 'No changes. Your infrastructure matches the configuration.\n';

/** JSON is YAML; over several lines, for the places that errors tell. */
export const write = (words: object) => writeFileSync(FILE, JSON.stringify(words, null, 2));

/** Whatever it ends with. */
export function baleine(...words: string[]) {
  return ran(process.execPath, [MAIN, '--file', FILE, ...words]);
}

/** Standard output; throws unless it ends with 0. */
export function done(...words: string[]): string {
  return succeeded(words.join(' '), baleine(...words));
}

export function shell(program: string, ...args: string[]): string {
  return succeeded([program, ...args].join(' '), ran(program, args));
}

/** A line for the shell in a container. */
export const inside = (name: string, line: string) => baleine(...execWords(name, line));

/** The same, with its end as a promise. */
export async function inBackground(name: string, line: string): Promise<void> {
  const child = spawn(process.execPath, [MAIN, '--file', FILE, ...execWords(name, line)], {
    stdio: 'ignore',
  });
  await once(child, 'exit');
}

const execWords = (name: string, line: string) => [
  ...['exec', name, '--', 'busybox', 'sh', '-c', line],
];

/** Text of a file of a container's cgroup. */
export function cgroupFile(name: string, file: string): string {
  return readFileSync(`/sys/fs/cgroup${cgroupPath(SITE, idOf('vm', name))}/${file}`, 'utf8');
}

function ran(program: string, args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

function succeeded(what: string, { code, stdout, stderr }: ReturnType<typeof ran>): string {
  if (code === 0) return stdout;
  throw new Error(`${what}: exit code ${code}: ${stderr.trim() || stdout.trim()}`);
}
