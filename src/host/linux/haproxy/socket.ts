import { run } from '../process/run.js';
import ASK_PROXY from './ask-proxy.pl?raw';

/** Milliseconds from the question to the end of the answer; the proxy answers from memory. */
const TIMEOUT = 1500;

/** Bytes of an answer. Statistics take some 500 bytes per server. */
const MAX_ANSWER = 512 * 1024;

/**
 * Sends one command to a proxy's command socket (HAProxy's Management Guide, 9.3) and returns the
 * complete answer. Anything in the container may answer instead, or stall: the exchange is limited
 * to 1.5 s and 512 KiB, and the path cannot leave the container.
 *
 * @param pid a process of the container, used to enter it
 * @throws Error if nobody in the container listens there, or the answer is late or too long
 */
export async function askProxy(pid: number, path: string, command: string): Promise<string> {
  const purpose = `ask the proxy at ${path}`;
  const limits = { timeout: TIMEOUT, maxOutput: MAX_ANSWER };
  const args = ['-e', ASK_PROXY, '--', String(pid), path];
  const ran = await run('perl', args, { ...limits, purpose, input: `${command}\n`, reject: false });
  if (ran.code !== 0) throw new Error(`cannot ${purpose}: ${ran.stderr.trim()}`);
  return ran.stdout;
}
