import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { CutOff, someOf } from './cut-off.js';

const FOLDER = {};
const SIZED = { size: '16M' };

const words = (volume: object, more: object = {}) =>
  JSON.stringify({
    name: 'shop',
    images: { box: { size: '8M', from: { host: { binaries: ['/bin/busybox'] } } } },
    volumes: { data: volume },
    containers: { db: { image: 'box', command: IDLE, volumes: ['data:/data'], ...more } },
  });

/** The commands of one trial, and what may be in the volume after them. */
interface Scenario {
  name: string;
  volume: object;
  /** The file that `command` applies. */
  after?: object;
  /** What the file then has of its container. */
  more?: object;
  command: string[];
  isStopped: boolean;
}

const RESTORE = ['volume', 'restore', 'data', 'first'];
const RESTORE_AS = [...RESTORE, '--as', 'new'];
const SCENARIOS: Scenario[] = [
  {
    name: 'snapshot of a folder',
    volume: FOLDER,
    command: ['volume', 'snapshot', 'data', 'second'],
    isStopped: false,
  },
  {
    name: 'snapshot of a file system',
    volume: SIZED,
    command: ['volume', 'snapshot', 'data', 'second'],
    isStopped: false,
  },
  { name: 'restore of a folder', volume: FOLDER, command: RESTORE, isStopped: true },
  { name: 'restore of a file system', volume: SIZED, command: RESTORE, isStopped: true },
  { name: 'restore of a folder as another', volume: FOLDER, command: RESTORE_AS, isStopped: false },
  {
    name: 'restore of a file system as another',
    volume: SIZED,
    command: RESTORE_AS,
    isStopped: false,
  },
  { name: 'apply that grows', volume: SIZED, after: { size: '32M' }, command: [], isStopped: true },
  {
    name: 'apply that shrinks',
    volume: { size: '32M' },
    after: SIZED,
    command: [],
    isStopped: true,
  },
  { name: 'apply that gives a size', volume: FOLDER, after: SIZED, command: [], isStopped: true },
  ...[FOLDER, SIZED].map((volume) => ({
    name: `replacement on ${volume === SIZED ? 'a file system' : 'a folder'}`,
    volume,
    after: { ...volume, snapshot_on_change: true },
    more: { environment: { VERSION: '2' } },
    command: [],
    isStopped: false,
  })),
  {
    name: 'apply that takes a size away',
    volume: SIZED,
    after: FOLDER,
    command: [],
    isStopped: true,
  },
];

it.each(SCENARIOS)(
  'a killed $name loses nothing, and the next run finishes or forgets it',
  ({ volume, after, more, command, isStopped }) =>
    inPrivateHost(async (host) => {
      const file = join(host.dir, 'baleine.yaml');
      const cutOff = new CutOff(host);
      const apply = ['apply', '-y', '-f', file];
      const args = after ? apply : command;
      const inside = async (line: string) => {
        const shell = ['-f', file, 'exec', 'db', '--', 'busybox', 'sh', '-c', line];
        return (await host.baleine(shell)).stdout;
      };
      const begin = async () => {
        writeFileSync(file, words(volume));
        await host.baleine(apply);
        await inside('echo first >/data/file');
        await host.baleine(['volume', 'snapshot', 'data', 'first']);
        await inside('echo later >/data/file');
        if (isStopped) await host.baleine(['stop', '-f', file]);
        if (after) writeFileSync(file, words(after, more));
      };
      const end = async () => {
        await host.baleine(['destroy', '-y', '--volumes', '-f', file]);
        if (command === RESTORE_AS) await host.baleine(['volume', 'rm', 'new']);
        const tags = await tagsOf(host);
        if (tags.length > 0) await host.baleine(['volume', 'snapshots', 'rm', 'data', ...tags]);
      };
      await begin();
      const effects = await cutOff.effects(args);
      await end();
      const own = effects.filter((each) =>
        /volumes\/(shop|-)|snapshots\/shop|\bperl\b|\bcp\b|e2fsck|resize|mount/.test(each),
      );
      expect(own.length).toBeGreaterThan(2);

      let kills = 0;
      for (const point of someOf(own, 2, 0)) {
        await begin();
        if ((await cutOff.at(args, point, 'SIGKILL')).code !== 0) kills += 1;
        await host.baleine(apply);
        if (isStopped) await host.baleine(['start', '-f', file]);
        if (command === RESTORE_AS) {
          const again = await host.baleine(RESTORE_AS, { reject: false });
          if (again.code !== 0) expect([point, again.stderr]).toEqual([point, EXISTS]);
          const copy = join(host.dir, 'copy');
          await host.baleine(['volume', 'cp', 'new:/file', copy]);
          expect([point, readFileSync(copy, 'utf8')]).toEqual([point, 'first\n']);
          rmSync(copy);
        }
        const tags = await tagsOf(host);
        const found = await inside('busybox cat /data/file; echo written >/data/more');
        const isRestored = tags.some((tag) => tag.startsWith('before-restore-'));
        expect({ point, found }).toEqual({ point, found: isRestored ? 'first\n' : 'later\n' });
        expect(tags).toContain('first');
        const changes = tags.filter((tag) => tag.startsWith('before-change-'));
        expect({ point, changes: changes.length > 0 }).toEqual({ point, changes: !!more });
        const beside = readdirSync(join(host.root, 'volumes/shop'));
        const isSized = 'size' in (after ?? volume);
        expect({ point, beside }).toEqual({
          point,
          beside: isSized ? ['data', 'data.img'] : ['data'],
        });
        const plan = await host.baleine(['plan', '-f', file]);
        expect(plan.stdout).toMatch(/^No changes/);
        await end();
        expect({ point, leaks: await host.leaks() }).toEqual({ point, leaks: [] });
      }
      expect(kills).toBeGreaterThan(0);
    })(),
  process.env.CRASH_ALL ? 3_600_000 : 600_000,
);

const EXISTS = expect.stringContaining('there is one of that name already');

async function tagsOf(host: PrivateHost): Promise<string[]> {
  if (!existsSync(join(host.root, 'snapshots'))) return [];
  const { stdout } = await host.baleine(['volume', 'snapshots', '--json']);
  return JSON.parse(stdout).map((each: { tag: string }) => each.tag);
}
