import type { PrivateHost } from '../../support/private-host.js';

/** Writes files of every kind, in which each thing that a copy could lose is there once. */
const WRITE = `
set -e
cd "$1"
mkdir -p d/e 'a b'; echo one >d/e/one; ln d/e/one d/two; ln -s e/one d/three; mkfifo d/fifo
printf 'x\\n' >"a b/$(printf 'new\\nline')"
head -c 3000000 /dev/urandom >d/random
truncate -s 3G d/sparse; printf end | dd of=d/sparse bs=1 seek=3000000000 conv=notrunc status=none
chown 1234:5678 d/random; chmod 2750 d/e; chmod 4755 d/two; touch -d 2001-02-03 d/random
setfattr -n user.note -v kept d/random; setfacl -m u:77:rx d/random 2>/dev/null || true
mknod d/null c 1 3
`;

/** Everything of a tree, one line for each entry, with a digest of each file. */
const PRINT = `
cd "$1"
find . -type d -printf '%y %m %U %G %p\\n' -o -printf '%y %m %U %G %s %n %T@ %l %p\\n' | sort
find . -type f -size -100M -print0 | sort -z | xargs -0 sha256sum
tail -c 1000 d/sparse | sha256sum; getfattr -d -m - d/random
`;

export const writeTree = (host: PrivateHost, dir: string) =>
  host.run('bash', ['-c', WRITE, '-', dir]);

export async function treeOf(host: PrivateHost, dir: string): Promise<string> {
  return (await host.run('bash', ['-c', PRINT, '-', dir])).stdout;
}

/** As after a reboot, nothing of the pool is mounted. The root must not be in use. */
export async function unmountPool(host: PrivateHost): Promise<void> {
  await host.run('umount', [host.root]);
}
