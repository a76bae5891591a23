import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('load.mjs', import.meta.url));

/** The results of a client since the previous call. */
export interface Counts {
  requests: number;
  /** Number of failures by cause: `ECONNRESET`, `time-out`, `status 503`. */
  failed: Record<string, number>;
  /** The same for requests in flight when a process was killed. */
  cut: Record<string, number>;
  /** Number of answers by their text. */
  pages: Record<string, number>;
  /** Milliseconds. */
  slowest: number;
  ms: number;
}

export interface Load {
  count(): Promise<Counts>;
  /** Kills a process. */
  kill(pid: number): void;
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** The client program, where this one is bundled. */
  script?: string;
  /** Milliseconds between two requests of each of the eight connections; default 0. */
  pause?: number;
}

/** Some 300 requests a second. Without a pause the load takes as much CPU time as there is. */
export const MODERATE: LoadOptions = { pause: 20 };

/**
 * Steady load on a URL from a separate process.
 *
 * @param pid process whose network namespace is used; default: the test's own
 */
export function startLoad(
  url: string,
  pid?: number,
  { script = CLIENT, pause = 0 }: LoadOptions = {},
): Load {
  const command = [process.execPath, script, url, '8', `${pause}`];
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
