import { existsSync } from 'node:fs';
import { replaceFile, syncPath } from '../host/linux/files/atomic-write.js';
import { bindingFile, bindingOf } from './installation.js';

/** Binds a root to this host, unless it is already bound. The caller holds the lock. */
export async function bindRoot(root: string): Promise<void> {
  if (!existsSync(bindingFile(root))) await rebindRoot(root);
}

/** Binds it even if it is already bound. */
export async function rebindRoot(root: string): Promise<void> {
  await replaceFile(bindingFile(root), `${JSON.stringify(bindingOf(root))}\n`);
  await syncPath(root);
}
