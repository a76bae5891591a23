import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('load.mjs', import.meta.url));

/** What a client has met since it was last asked. */
export interface Counts {
  requests: number;
  /** How often by what went wrong: `ECONNRESET`, `time-out`, `status 503`. */
  failed: Record<string, number>;
  /** The same, of requests that were under way when a process was killed. */
  cut: Record<string, number>;
  /** How often by what the page said. */
  pages: Record<string, number>;
  /** Milliseconds. */
  slowest: number;
  ms: number;
}

export interface Load {
  count(): Promise<Counts>;
  /** Ends a process by force. */
  kill(pid: number): void;
  stop(): Promise<void>;
}

/**
 * Steady load on a URL by a process of its own.
 *
 * @param pid in whose network namespace; the test's own when absent
 */
export function startLoad(url: string, pid?: number, script = CLIENT): Load {
  const command = [process.execPath, script, url];
  const [program = '', ...args] =
    pid === undefined ? command : ['nsenter', `--target=${pid}`, '--net', '--', ...command];
  const client = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
  const gone = once(client, 'exit');
  return {
    count: async () => {
      client.stdin.write('\n');
      return JSON.parse((await lines.next()).value ?? '{}');
    },
    kill: (pid) => {
      client.stdin.write(`kill ${pid}\n`);
    },
    stop: async () => {
      client.stdin.end();
      await gone;
    },
  };
}
