import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';

/** The example in a folder whose name is that of the stack. */
function copyExample(host: PrivateHost): string {
  const folder = join(host.dir, 'shop');
  cpSync('examples/compose', folder, { recursive: true });
  return folder;
}

interface Listed {
  name: string;
  status: string;
  pid?: number;
}

it(
  'a compose file comes up, answers, heals, changes and goes, and keeps its data',
  inPrivateHost(async (host) => {
    const folder = copyExample(host);
    const file = join(folder, 'compose.yaml');
    const run = (...args: string[]) => host.baleine(['-f', file, ...args], { timeout: 120_000 });
    const listed = async (): Promise<Listed[]> => JSON.parse((await run('ps', '--json')).stdout);
    const page = () => host.run('curl', ['-sS', '-m', '5', 'http://127.0.0.1:8080/']);

    const { stdout } = await run('up', '-d', '--wait');
    expect(stdout).toContain('Apply complete!');
    expect((await page()).stdout).toContain('It works.');
    const names = (await listed()).map(({ name }) => name);
    expect(names).toEqual([
      'egress-default',
      'notes',
      'web-proxy',
      'web-server-1',
      'web-server-2',
      'web-server-3',
    ]);
    expect((await run('exec', 'notes', 'busybox', 'cat', '/motd')).stdout).toBe(
      'Written by a compose file.\n',
    );
    expect((await run('plan')).stdout).toContain('No changes.');

    const killed = (await listed()).find(({ name }) => name === 'web-server-2')?.pid;
    expect(killed).toBeGreaterThan(1);
    process.kill(killed as number, 'SIGKILL');
    expect((await run('plan')).stdout).toMatch(/container\.web-server-2 will be .*ended with 137/);
    await run('apply', '-y');
    expect((await page()).stdout).toContain('It works.');
    expect((await run('plan')).stdout).toContain('No changes.');

    writeFileSync(file, readFileSync(file, 'utf8').replace('replicas: 3', 'replicas: 2'));
    expect((await run('apply', '-y')).stdout).toContain('1 destroyed');

    const starts = join(host.root, 'volumes/shop/notes/starts');
    const before = readFileSync(starts, 'utf8');
    expect((await run('down')).stdout).toContain('volume.notes is kept with its data');
    expect(readFileSync(starts, 'utf8')).toBe(before);
    await run('up', '-d');
    expect(readFileSync(starts, 'utf8')).toContain(before);
    await run('down', '-v');
    expect(existsSync(starts)).toBe(false);
  }),
  300_000,
);
