import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cgroupPath, idOf, installPaths } from '../../src/model/install-paths.js';

/** The built baleine in the virtual machine. */
const MAIN = '/opt/baleine/main.js';
const FILE = '/root/baleine.yaml';
const PATHS = installPaths('/var/lib/baleine');

export const NOTHING = 'No changes. Your infrastructure matches the configuration.\n';

/** Writes the file. JSON is valid YAML; it has several lines, since errors have positions. */
export const write = (content: object) => writeFileSync(FILE, JSON.stringify(content, null, 2));

/** Runs baleine; any exit code is a valid result. */
export function baleine(...words: string[]) {
  return ran(process.execPath, [MAIN, '--file', FILE, ...words]);
}

/** Runs baleine and returns its standard output; throws unless it exits with 0. */
export function done(...words: string[]): string {
  return succeeded(words.join(' '), baleine(...words));
}

export function shell(program: string, ...args: string[]): string {
  return succeeded([program, ...args].join(' '), ran(program, args));
}

/** Runs a shell command in a container. */
export const inside = (name: string, line: string) => baleine(...execWords(name, line));

/** Same in the background; resolves at its end. */
export async function inBackground(name: string, line: string): Promise<void> {
  const child = spawn(process.execPath, [MAIN, '--file', FILE, ...execWords(name, line)], {
    stdio: 'ignore',
  });
  await once(child, 'exit');
}

/** Kills a run of baleine after some milliseconds, if it has not ended by then. */
export async function killed(after: number, ...words: string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, '--file', FILE, ...words], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), after);
  await once(child, 'exit');
  clearTimeout(timer);
}

const execWords = (name: string, line: string) => [
  ...['exec', name, '--', 'busybox', 'sh', '-c', line],
];

/** Text of a file of a container's cgroup. */
export function cgroupFile(name: string, file: string): string {
  return readFileSync(`/sys/fs/cgroup${cgroupPath(PATHS, idOf('vm', name))}/${file}`, 'utf8');
}

function ran(program: string, args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

function succeeded(what: string, { code, stdout, stderr }: ReturnType<typeof ran>): string {
  if (code === 0) return stdout;
  throw new Error(`${what}: exit code ${code}: ${stderr.trim() || stdout.trim()}`);
}
