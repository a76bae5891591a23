import { LONG, run } from './process/run.js';

/**
 * Removes device nodes from a tree that a stranger filled: a container's /dev is made by its
 * runtime, and anywhere else they would be a way to the host's devices.
 */
export async function removeDevices(tree: string, purpose: string): Promise<void> {
  const devices = ['(', '-type', 'b', '-o', '-type', 'c', ')', '-delete'];
  await run('find', [tree, '-xdev', ...devices], { purpose, timeout: LONG });
}
