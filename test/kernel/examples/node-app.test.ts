import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODERATE, startLoad } from '../../support/load.js';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { Example, NOTHING } from './example.js';

describe.skipIf(lackingAny('buildah', 'skopeo', 'haproxy'))(
  'an application of a Dockerfile',
  () => {
    it(
      'is built, balanced, healed, and updated without a lost request; a broken one is rolled back',
      inPrivateHost(async (host) => {
        // the base image, as README.md makes it where no registry can be reached
        const base = join(host.dir, 'node.tar');
        const programs = `${process.execPath},/bin/sh`;
        await host.baleine(['image', 'create', 'node', '--size', '512M', '--from-host', programs]);
        await host.baleine(['image', 'export', 'node', base], { timeout: 120_000 });
        const app = new Example(host, 'node-app', { BASE: `docker-archive:${base}` });
        const url = 'http://127.0.0.1:8082/';
        /** The answers of all servers: others may ask in between. */
        const pages = async () => {
          const all = new Set<string>();
          for (let request = 0; request < 10; request++) all.add(await app.page(url));
          return [...all].sort();
        };
        const answers = (version: string) =>
          [1, 2].map((number) => `Hello from web-server-${number}, version ${version}\n`);

        await app.up();
        expect(await app.exec('web-server-1', 'node', '-p', 'process.getuid()')).toBe('1000');
        expect(await pages()).toEqual(answers('1.0.0'));
        await app.killed('web-server-1');
        await expect.poll(pages).toEqual(answers('1.0.0'));

        const load = startLoad(url, host.pid, MODERATE);
        try {
          app.edit('app/package.json', '"version": "1.0.0"', '"version": "1.1.0"');
          expect(await app.run('apply', '-y')).toContain('Apply complete!');
          expect(await app.run('plan')).toContain(NOTHING);
          expect(await pages()).toEqual(answers('1.1.0'));

          app.edit('app/server.js', 'server.listen(', 'throw new Error("broken");\nserver.listen(');
          const broken = await app.attempt(['apply', '-y'], false);
          expect(broken.code).toBe(1);
          expect(await pages()).toEqual(answers('1.1.0'));
          const { failed, requests } = await load.count();
          expect(failed).toEqual({});
          expect(requests).toBeGreaterThan(100);
        } finally {
          await load.stop();
        }
        await app.run('down', '-v');
        await host.baleine(['image', 'rm', 'node']);
      }),
      400_000,
    );
  },
);
