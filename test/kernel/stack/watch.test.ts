import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Background } from './background.js';
import { Stack } from './stack.js';

const skip = lackingAny('buildah', 'skopeo');

const DOCKERFILE = `FROM scratch
COPY busybox text /bin/
CMD ["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; /bin/busybox sleep 3600 & wait"]
`;

const FILE = {
  name: 'dev',
  images: { box: SMALL_IMAGE, built: { from: { dockerfile: { context: './app' } } } },
  containers: {
    web: {
      image: 'box',
      command: IDLE,
      limits: { memory: '32M' },
      develop: {
        watch: [
          {
            path: './src',
            action: 'sync',
            target: '/srv/app',
            ignore: '*.tmp',
            initial_sync: true,
          },
          { path: './conf', action: 'sync+restart', target: '/etc/conf' },
          {
            ...{ path: './hook', action: 'sync+exec', target: '/srv/hook' },
            exec: { command: ['busybox', 'cp', '/srv/hook/a', '/srv/done'] },
          },
        ],
      },
    },
    built: { image: 'built', develop: { watch: [{ path: './app', action: 'rebuild' }] } },
  },
};

let cache = '';
afterAll(() => cache && rmSync(cache, { recursive: true, force: true }));

describe.skipIf(skip)('watch', () => {
  it(
    'syncs, restarts, runs and rebuilds as files change, also after an error, until Ctrl-C',
    inPrivateHost(async (host) => {
      cache = join('/var/cache/baleine', installPaths(host.root).tag);
      const stack = new Stack(host, FILE);
      const write = (name: string, text: string) => writeFileSync(join(host.dir, name), text);
      const refused = await stack.run('watch');
      expect(refused.stderr).toContain(`cannot watch ${host.dir}/src: no such file or folder`);
      expect(refused.stdout).toBe('');
      for (const folder of ['src', 'hook', 'app']) mkdirSync(join(host.dir, folder));
      write('src/a', '1');
      write('conf', 'c1');
      copyFileSync('/bin/busybox', join(host.dir, 'app/busybox'));
      write('app/text', 't1');
      write('app/Dockerfile', DOCKERFILE);
      const inside = async (name: string, path: string) => {
        const ran = await stack.run('exec', name, '/bin/busybox', 'cat', path);
        return ran.code === 0 ? ran.stdout : undefined;
      };
      const becomes = (name: string, path: string, text: string | undefined) =>
        expect.poll(() => inside(name, path), { timeout: 60_000, interval: 500 }).toBe(text);

      const watching = new Background(host, stack.file, 'watch');
      await watching.says(`watching ${host.dir}/app for built`);
      await becomes('web', '/srv/app/a', '1');
      const before = stack.processes('dev.web', 'dev.built');

      mkdirSync(join(host.dir, 'src/sub/deep'), { recursive: true });
      write('src/sub/deep/b', '2');
      write('src/x.tmp', 'never');
      rmSync(join(host.dir, 'src/a'));
      await becomes('web', '/srv/app/sub/deep/b', '2');
      await becomes('web', '/srv/app/a', undefined);
      expect(await inside('web', '/srv/app/x.tmp')).toBeUndefined();

      write('hook/a', 'h');
      await becomes('web', '/srv/done', 'h');
      expect(stack.processes('dev.web', 'dev.built')).toEqual(before);

      write('conf', 'c2');
      await becomes('web', '/etc/conf', 'c2');
      await watching.says('web: restarted');
      expect(stack.processes('dev.web')['dev.web']).not.toBe(before['dev.web']);

      write('app/Dockerfile', 'FROM scratch\nCOPY gone /\n');
      await watching.says(/Error: .*\n/);
      write('app/text', 't2');
      write('app/Dockerfile', DOCKERFILE);
      await becomes('built', '/bin/text', 't2');

      watching.signal('SIGINT');
      const start = Date.now();
      expect(await watching.code()).toBe(130);
      expect(Date.now() - start).toBeLessThan(20_000);
      expect(stack.pids('dev.web')).not.toEqual([]);
      await stack.destroy();
    }),
    400_000,
  );
});
