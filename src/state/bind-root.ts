import { randomBytes } from 'node:crypto';
import { replaceFile, syncPath } from '../host/linux/files/atomic-write.js';
import { type Binding, bindingFile, bindingOf, readBinding } from './installation.js';

/** Binds a root to this host, unless it is already bound. The caller holds the lock. */
export async function bindRoot(root: string): Promise<void> {
  const bound = readBinding(root);
  if (bound?.key === undefined) await write(root, bound ?? bindingOf(root));
}

/** Binds it even if it is already bound. */
export async function rebindRoot(root: string): Promise<void> {
  await write(root, { ...bindingOf(root), ...keyOf(root) });
}

/** The digests in the rows stay valid. */
function keyOf(root: string): Pick<Binding, 'key'> {
  try {
    const { key } = readBinding(root) ?? {};
    return key === undefined ? {} : { key };
  } catch {
    return {};
  }
}

async function write(root: string, binding: Binding): Promise<void> {
  const { key = randomBytes(32).toString('hex') } = binding;
  await replaceFile(bindingFile(root), `${JSON.stringify({ ...binding, key })}\n`, { mode: 0o600 });
  await syncPath(root);
}

/** Of a root that nothing has been applied to: it lasts as long as the run. */
let temporary: string | undefined;

/** The key of the digests of secrets. */
export function installationKey(root: string): string {
  const { key } = readBinding(root) ?? {};
  if (key !== undefined) return key;
  temporary ??= randomBytes(32).toString('hex');
  return temporary;
}
