import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Each path of a tree, as latin1, with type, mode, owner, size, content, links and extended attributes,
 * for comparison.
 */
export function listing(tree: string): Record<string, string> {
  const attributes = attributesIn(tree);
  const inodes = new Map<number, string>();
  const found: Record<string, string> = {};
  const at = (path: string) => Buffer.from(join(tree, path), 'latin1');
  const visit = (path: string) => {
    const inside = path || '.';
    const stat = lstatSync(at(path));
    const { mode, uid, gid, size, nlink, ino } = stat;
    const facts = [mode.toString(8), `${uid}:${gid}`, attributes[inside] ?? ''];
    if (stat.isSymbolicLink()) facts.push(readlinkSync(at(path), 'latin1'));
    if (stat.isFile()) {
      const content = readFileSync(at(path));
      const sum = createHash('sha256').update(content).digest('hex').slice(0, 12);
      if (nlink > 1 && !inodes.has(ino)) inodes.set(ino, path);
      facts.push(String(size), sum, String(nlink), inodes.get(ino) ?? '');
    }
    found[inside] = facts.join(' ');
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(at(path), 'latin1').sort()) visit(join(path, name));
  };
  visit('');
  return found;
}

/** `security.capability=0x…` by path. Ignores errors of getfattr: it fails for dangling links. */
function attributesIn(tree: string): Record<string, string> {
  const options = ['--recursive', '--physical', '--dump', '--match=-', '--encoding=hex'];
  const { stdout } = spawnSync('getfattr', [...options, '.'], { cwd: tree, encoding: 'utf8' });
  const blocks = stdout.split('\n\n').map((block) => block.split('\n').filter(Boolean));
  return Object.fromEntries(
    blocks.map(([head = '', ...rest]) => [head.replace(/^# file: /, ''), rest.sort().join(' ')]),
  );
}
