import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Baleine } from './baleine.js';
import { output } from './time.js';

export const SERVER = ['busybox', 'httpd', '-f', '-p', '80', '-h', '/'];

/** Milliseconds. */
const PATIENCE = 20_000;

interface Listed {
  pid: number;
  addresses: { net: string };
}

/** Kills each container's process, one after the other. @returns milliseconds until it answered */
export async function healTimes(subject: Baleine): Promise<number[]> {
  const times: number[] = [];
  for (const { pid, addresses } of JSON.parse(
    output(subject.command('ps', '--json')),
  ) as Listed[]) {
    await answering(addresses.net);
    const start = performance.now();
    process.kill(pid, 'SIGKILL');
    while (alive(pid)) await sleep(1);
    await answering(addresses.net);
    times.push(performance.now() - start);
  }
  return times;
}

/** A zombie counts as alive: its parent has not reaped it yet. */
function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function answering(address: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await answers(address))) {
    if (performance.now() > deadline) throw new Error(`${address} does not answer`);
    await sleep(5);
  }
}

/** Any status counts as an answer. */
function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host, port: 80, agent: false, timeout: 500 }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
