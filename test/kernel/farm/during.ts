import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Counts, Load } from '../../support/load.js';
import { MAIN } from '../../support/private-host.js';
import type { Stack } from '../stack/stack.js';

/** Counts and prints the client's requests while a change is made. */
export async function during(
  what: string,
  load: Load,
  change: () => Promise<unknown>,
): Promise<Counts> {
  await load.count();
  await change();
  const counts = await load.count();
  const { requests, failed, cut, slowest, ms } = counts;
  const took = `${requests} requests in ${ms} ms, slowest ${slowest} ms`;
  const apart = Object.keys(cut).length > 0 ? `, under way then ${JSON.stringify(cut)}` : '';
  process.stdout.write(`${what}: ${took}, failed ${JSON.stringify(failed)}${apart}\n`);
  return counts;
}

/** The versions of the servers that answered: the second word of each page. */
export const versions = ({ pages }: Counts) => [
  ...new Set(Object.keys(pages).map((page) => page.split(' ')[1])),
];

export async function processOf(stack: Stack, name: string): Promise<number> {
  const all: { name: string; pid: number }[] = JSON.parse(await stack.done('ps', '--json'));
  return all.find((each) => each.name === name)?.pid ?? 0;
}

/** Kills a command, by default an apply, while it replaces a server. */
export async function cutOff(
  { host, file }: Stack,
  down: () => boolean,
  command = ['apply', '-y'],
): Promise<void> {
  const words = [process.execPath, MAIN, '--root', host.root, '--file', file, ...command];
  const pidFile = join(host.dir, 'apply.pid');
  const script = `echo $$ >${pidFile}; exec "$@"`;
  const ended = host.run('sh', ['-c', script, 'sh', ...words], { reject: false });
  await expect.poll(down, { interval: 10, timeout: 60_000 }).toBe(true);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  expect((await ended).code).toBe(137);
}
