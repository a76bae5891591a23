import { existsSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE } from '../../support/small-image.js';
import { treeOf, unmountPool, writeTree } from '../pool/tree.js';
import { CutOff, someOf } from './cut-off.js';

const skip = lackingAny('mkfs.xfs', 'setfattr');
/** statfs(2) */
const XFS = 0x58465342;

const CREATE = ['pool', 'create', '--size', '400M'];
const REMOVE = ['pool', 'remove'];

/** A root with a volume and a stopped container. */
async function stoppedStack(host: PrivateHost) {
  const file = join(host.dir, 'baleine.yaml');
  const box = { size: '16M', from: { host: { binaries: ['/bin/busybox'] } } };
  const db = { image: 'box', command: IDLE, volumes: ['data:/data'] };
  const stack = { name: 'shop', images: { box }, volumes: { data: {} }, containers: { db } };
  writeFileSync(file, JSON.stringify(stack));
  await host.baleine(['apply', '-y', '--quiet', '-f', file]);
  await host.baleine(['stop', '-f', file]);
  const data = join(host.root, 'volumes/shop/data');
  await writeTree(host, data);
  const content = async () => [
    await treeOf(host, data),
    (await host.run('sha256sum', [join(host.root, 'disks/shop.db.img')])).stdout,
  ];
  return { file, content };
}

const isMounted = (host: PrivateHost) =>
  statfsSync(`/proc/${host.pid}/root${host.root}`).type === XFS;

/** Names beside the root and in it that only an unfinished move has. */
function unfinished(host: PrivateHost): string[] {
  const names = [...readdirSync(host.dir), ...readdirSync(`/proc/${host.pid}/root${host.root}`)];
  const run = `/proc/${host.pid}/root/run/baleine`;
  const mounted = existsSync(run) ? readdirSync(run).filter((name) => name.endsWith('.pool')) : [];
  return [...names.filter((name) => /^\.pool|^pool\.json/.test(name)), ...mounted];
}

it.skipIf(skip).each([
  { name: 'into a pool', words: CREATE, back: REMOVE, few: 10 },
  { name: 'out of it', words: REMOVE, back: CREATE, few: 8 },
])(
  'a root whose move $name is killed has all of its data, and the same command again completes it',
  ({ words, back, few }) =>
    inPrivateHost(async (host) => {
      const { file, content } = await stoppedStack(host);
      const before = await content();
      const cutOff = new CutOff(host);
      if (words === REMOVE) await host.baleine(CREATE);
      const effects = await cutOff.effects(words);
      await host.baleine(back);
      expect(effects.length).toBeGreaterThan(15);

      let kills = 0;
      for (const point of someOf(effects, few, 0)) {
        if ((await cutOff.at(words, point, 'SIGKILL')).code !== 0) kills += 1;
        const plan = await host.baleine(['plan', '-f', file], { reject: false });
        expect({ point, ...plan }).toMatchObject({ point, code: 0, stderr: '' });
        expect(plan.stdout, point).toMatch(/^No changes\./);
        expect([point, await content()]).toEqual([point, before]);
        const again = await host.baleine(words, { reject: false });
        if (again.code !== 0) {
          expect([point, again.stderr]).toEqual([
            point,
            expect.stringMatching(/it has one|has none/),
          ]);
        }
        expect([point, isMounted(host)]).toEqual([point, words === CREATE]);
        expect([point, unfinished(host)]).toEqual([point, []]);
        if (words === CREATE) await unmountPool(host);
        expect((await host.baleine(['plan', '-f', file])).stdout, point).toMatch(/^No changes\./);
        expect([point, await content()]).toEqual([point, before]);
        await host.baleine(back);
        expect([point, isMounted(host)]).toEqual([point, words === REMOVE]);
        expect([point, await content()]).toEqual([point, before]);
      }
      process.stdout.write(`${words.join(' ')}: ${effects.length} effects, ${kills} kills\n`);
      expect(kills).toBeGreaterThan(few / 2);
      if (isMounted(host)) await host.baleine(REMOVE);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', '-f', file]);
    })(),
  process.env.CRASH_ALL ? 3_600_000 : 500_000,
);
