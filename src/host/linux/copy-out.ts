import { basename, join } from 'node:path';
import { UserError } from '../../model/errors.js';
import { LONG, run } from './process/run.js';
import { CP } from './trees-copy.js';
import { follow, kindOf } from './trees-path.js';

/**
 * Copies a file or folder out of a tree that nobody else writes to meanwhile. What others made
 * gets no power here: set-user-ID bits are taken off, device nodes left out.
 */
export async function copyOut(tree: string, path: string, to: string): Promise<void> {
  const source = join(tree, (await follow(tree, path)).path);
  if (!(await kindOf(source))) throw new UserError(`cannot copy ${path}: no such file or folder`);
  const into = (await kindOf(to)) === 'folder' ? join(to, basename(path)) : to;
  await run('cp', [...CP, '--no-target-directory', '--', source, into], { timeout: LONG });
  const devices = ['(', '-type', 'b', '-o', '-type', 'c', ')', '-delete'];
  await run('find', [into, ...devices], { timeout: LONG });
  const powerful = ['-type', 'f', '-perm', '/6000', '-exec', 'chmod', 'ug-s', '{}', '+'];
  await run('find', [into, ...powerful], { timeout: LONG });
}
