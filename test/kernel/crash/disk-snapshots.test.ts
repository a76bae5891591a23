import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { CutOff, someOf } from './cut-off.js';

const words = (version: string) =>
  JSON.stringify({
    name: 'shop',
    images: { box: SMALL_IMAGE },
    containers: {
      db: {
        ...{ image: 'box', command: IDLE, environment: { VERSION: version } },
        snapshot_on_change: true,
      },
    },
  });

interface Scenario {
  name: string;
  command?: string[];
  isStopped?: true;
  /** The tag of what the disk was, if the command has replaced it. */
  former?: string;
  /** What the disk then has. */
  found?: string;
}

const STACK = ['--stack', 'shop'];
const RESTORE = {
  command: ['container', 'restore', ...STACK, 'db', 'first', '--disk'],
  former: 'before-restore-',
  found: 'first\n',
};
const SCENARIOS: Scenario[] = [
  { name: 'snapshot of a disk', command: ['container', 'snapshot', ...STACK, 'db', 'second'] },
  { name: 'restore of the disk of a running container', ...RESTORE },
  { name: 'restore of the disk of a stopped container', ...RESTORE, isStopped: true },
  { name: 'replacement that keeps the disk', former: 'before-change-', found: '' },
];

it.each(SCENARIOS)(
  'a killed $name loses nothing, and the next run finishes or forgets it',
  ({ command, isStopped, former, found: afterwards }) =>
    inPrivateHost(async (host) => {
      const file = join(host.dir, 'baleine.yaml');
      const cutOff = new CutOff(host);
      const apply = ['apply', '-y', '-f', file];
      const args = command ?? apply;
      const restore = (tag: string) =>
        host.baleine(['container', 'restore', ...STACK, 'db', tag, '--disk']);
      const inside = async (line: string) => {
        const shell = ['-f', file, 'exec', 'db', '--', 'busybox', 'sh', '-c', line];
        return (await host.baleine(shell)).stdout;
      };
      const begin = async () => {
        writeFileSync(file, words('1'));
        await host.baleine(apply);
        await inside('echo first >/file');
        await host.baleine(['container', 'snapshot', ...STACK, 'db', 'first']);
        await inside('echo later >/file');
        if (isStopped) await host.baleine(['stop', '-f', file]);
        if (!command) writeFileSync(file, words('2'));
      };
      const end = async () => {
        await host.baleine(['destroy', '-y', '-f', file]);
        const tags = await tagsOf(host);
        await host.baleine(['container', 'snapshots', 'rm', ...STACK, 'db', ...tags]);
      };
      await begin();
      const effects = await cutOff.effects(args);
      await end();
      const own = effects.filter((each) =>
        /disks\/|snapshots\/shop|scratch|\bperl\b|\bcp\b|mount/.test(each),
      );
      expect(own.length).toBeGreaterThan(3);

      let kills = 0;
      for (const point of someOf(own, 3, 0)) {
        await begin();
        if ((await cutOff.at(args, point, 'SIGKILL')).code !== 0) kills += 1;
        await host.baleine(apply);
        if (isStopped) await host.baleine(['start', '-f', file]);
        const found = await inside('busybox cat /file 2>/dev/null; echo more >/more');
        const tags = await tagsOf(host);
        expect(tags).toContain('first');
        const kept = tags.filter((tag) => former !== undefined && tag.startsWith(former));
        expect({ point, kept: kept.length }).toEqual({
          point,
          kept: command && found === 'later\n' ? 0 : 1,
        });
        expect({ point, found }).toEqual({
          point,
          found: kept.length > 0 ? afterwards : 'later\n',
        });
        const beside = readdirSync(join(host.root, 'snapshots/shop/container.db'));
        expect({ point, beside: beside.sort() }).toEqual({ point, beside: [...tags].sort() });
        expect(existsSync(join(host.root, 'scratch'))).toBe(false);
        const plan = await host.baleine(['plan', '-f', file]);
        expect(plan.stdout).toMatch(/^No changes/);
        for (const tag of kept) {
          await restore(tag);
          expect({ point, was: await inside('busybox cat /file') }).toEqual({
            point,
            was: 'later\n',
          });
        }
        await end();
        expect({ point, leaks: await host.leaks() }).toEqual({ point, leaks: [] });
      }
      expect(kills).toBeGreaterThan(0);
    })(),
  process.env.CRASH_ALL ? 3_600_000 : 600_000,
);

async function tagsOf(host: PrivateHost): Promise<string[]> {
  const { stdout } = await host.baleine(['container', 'snapshots', '--json']);
  return JSON.parse(stdout).map((each: { tag: string }) => each.tag);
}
