import { closeSync, constants, copyFileSync, openSync, writeSync } from 'node:fs';

/** Flag of open(2) that Node does not name; the same on all platforms that Node supports. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Whether files in a folder can share blocks (ioctl_ficlone(2)), found by trying it with two files
 * that have no name, so that nothing is left of them.
 */
export function canShareBlocks(dir: string): boolean {
  const files: number[] = [];
  try {
    for (let each = 0; each < 2; each++) {
      files.push(openSync(dir, O_TMPFILE | constants.O_RDWR, 0o600));
    }
    const [from = -1, to = -1] = files;
    writeSync(from, Buffer.alloc(4096, 1));
    const [source, target] = [from, to].map((fd) => `/proc/self/fd/${fd}`) as [string, string];
    copyFileSync(source, target, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    for (const each of files) closeSync(each);
  }
}
