import { fileURLToPath } from 'node:url';
import { ForksPoolWorker, type PoolOptions, type PoolRunnerInitializer } from 'vitest/node';

const SCRIPT = fileURLToPath(new URL('private-host.sh', import.meta.url));

/** Runs each test file in a process on a private host (private-host.sh). */
export function privateHostPool(): PoolRunnerInitializer {
  return { name: 'private-host', createPoolWorker: (options) => new PrivateHostWorker(options) };
}

class PrivateHostWorker extends ForksPoolWorker {
  override name = 'private-host';

  constructor(options: PoolOptions) {
    super({ ...options, execArgv: [process.execPath, ...options.execArgv] });
  }

  /** child_process.fork reads `process.execPath`; it is called before `start` first waits. */
  override start(): Promise<void> {
    const node = process.execPath;
    process.execPath = SCRIPT;
    try {
      return super.start();
    } finally {
      process.execPath = node;
    }
  }
}
