import { existsSync } from 'node:fs';
import { nodeDisk, replaceFile, syncFolder } from './disk.js';
import { bindingFile, bindingOf } from './installation.js';

/** Binds a root to this host, unless it is already bound. The caller holds the lock. */
export async function bindRoot(root: string): Promise<void> {
  if (!existsSync(bindingFile(root))) await rebindRoot(root);
}

/** Binds it even if it is already bound. */
export async function rebindRoot(root: string): Promise<void> {
  await replaceFile(nodeDisk, root, 'host.json', `${JSON.stringify(bindingOf(root))}\n`);
  await syncFolder(nodeDisk, root);
}
