import { type MountNamespace, openMountNamespace } from './mount-namespace.js';
import SANDBOX from './unpack-sandbox.sh?raw';

export type UnpackSandbox = MountNamespace;

/** Path of the tree inside the sandbox. */
export const TREE = '/tree';

/**
 * Passes a sandbox that contains nothing but the mounted tree to `work`. It ends afterwards, or
 * with us.
 */
export async function withUnpackSandbox<T>(
  tree: string,
  work: (sandbox: UnpackSandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await openMountNamespace(SANDBOX, [tree], 'create a sandbox to unpack in');
  try {
    return await work(sandbox);
  } finally {
    await sandbox.release();
  }
}
