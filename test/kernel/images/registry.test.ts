import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Context } from '../../../src/app/context.js';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { imageFile, installPaths } from '../../../src/model/install-paths.js';
import type { ImageSpec } from '../../../src/model/specs.js';
import { inPrivateHost, type PrivateHost, serving } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { tarOf } from '../host/archives.js';
import { writeLayout } from './layout.js';
import { listing } from './tree.js';

const skip = lackingAny('skopeo', 'docker-registry', 'getfattr');

const PORT = 15000;
const NAME = `127.0.0.1:${PORT}/team/app:1`;

/** Debian's docker-registry on the private host's loopback. */
async function startRegistry(host: PrivateHost): Promise<() => Promise<void>> {
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(host.dir, 'registry') } },
    http: { addr: `127.0.0.1:${PORT}` },
    log: { level: 'error' },
  };
  writeFileSync(join(host.dir, 'registry.yml'), JSON.stringify(config));
  const words = ['serve', join(host.dir, 'registry.yml')] as const;
  return serving(host, `http://127.0.0.1:${PORT}/v2/`, ['docker-registry', ...words]);
}

/** Pushes another image under the same name. */
async function push(host: PrivateHost, text: string, number: number): Promise<void> {
  const dir = join(host.dir, `oci-${number}`);
  mkdirSync(dir);
  writeLayout(dir, [{ blob: tarOf([{ name: 'text', text }]) }]);
  const args = ['copy', '--dest-tls-verify=false', `oci:${dir}`, `docker://${NAME}`];
  await host.run('skopeo', args);
}

describe.skipIf(skip)('an image of a registry', () => {
  it(
    'is fetched, pinned to its digest, and checked again if the file says so',
    inPrivateHost(async (host) => {
      const stop = await startRegistry(host);
      const file = join(host.dir, 'baleine.yaml');
      const run = async (...words: string[]) =>
        (await host.baleine(['-f', file, ...words], { reject: false })).stdout;
      const write = (pull: string) =>
        writeFileSync(
          file,
          JSON.stringify({ name: 'r', images: { app: { from: { registry: NAME }, pull } } }),
        );
      const content = async () => {
        const [disks, dir] = [linuxDisks(), join(host.dir, 'look')];
        await disks.ensureMounted(imageFile(installPaths(host.root), 'r.app'), dir);
        const found = listing(dir).text;
        await disks.ensureUnmounted(dir);
        return found;
      };
      const manifest = async () => {
        const context = new Context({ root: host.root, file: '-', color: false });
        const { rows } = await context.state();
        return (rows[0]?.spec as ImageSpec | undefined)?.origin?.manifest;
      };

      await push(host, 'one', 1);
      write('never');
      const refused = await host.baleine(['-f', file, 'plan'], { reject: false });
      expect(refused.stderr).toContain('is not on this host, and pull: never');
      write('missing');
      await run('apply', '-y');
      const [first, locked] = [await content(), await manifest()];
      expect(first).toMatch(/ 3 /);
      expect(locked).toMatch(/^sha256:/);

      await push(host, 'two!', 2);
      expect(await run('plan')).toMatch(/^No changes/);
      await run('apply', '-y', '--replace', 'image.app');
      expect(await content()).toBe(first);

      write('always');
      expect(await run('plan')).toContain('its layers have changed');
      await run('apply', '-y');
      expect(await content()).toMatch(/ 4 /);
      expect(await manifest()).not.toBe(locked);
      expect(await run('plan')).toMatch(/^No changes/);

      await host.baleine(['image', 'import', NAME, 'by-hand']);
      const [seen] = JSON.parse((await host.baleine(['image', 'inspect', 'by-hand'])).stdout);
      expect(seen).toMatchObject({
        from: { registry: NAME },
        origin: { manifest: await manifest() },
      });
      await host.baleine(['image', 'rm', 'by-hand']);

      await stop();
      write('missing');
      expect(await run('plan')).toMatch(/^No changes/);
      write('always');
      const down = await host.baleine(['-f', file, 'plan'], { reject: false });
      expect(down).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`cannot read ${NAME}`),
      });
      await run('destroy', '-y');
    }),
  );
});
