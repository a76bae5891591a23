import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost, serving } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { NOTHING, Stack } from '../stack/stack.js';

const skip = lackingAny('skopeo', 'buildah', 'docker-registry');

const PORT = 15003;
const NAME = `127.0.0.1:${PORT}/team/web:1`;

const DOCKERFILE = `
FROM scratch
COPY busybox /bin/busybox
ARG V=0
ENV V=$V
CMD ["/bin/busybox", "sh", "-c", "echo V is $V; trap 'exit 0' TERM; busybox sleep 3600 & wait"]
`;

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

let cache = '';
afterAll(() => cache && rmSync(cache, { recursive: true, force: true }));

describe.skipIf(skip)('the images of services', () => {
  it(
    'are built, pushed and pulled by name, and replace containers with the next up',
    inPrivateHost(async (host) => {
      cache = join('/var/cache/baleine', installPaths(host.root).tag);
      const stop = await startRegistry(host);
      mkdirSync(join(host.dir, 'app'));
      copyFileSync('/bin/busybox', join(host.dir, 'app/busybox'));
      writeFileSync(join(host.dir, 'app/Dockerfile'), DOCKERFILE);
      const stack = new Stack(host, undefined, 'compose.yaml');
      const alone = { network_mode: 'none', restart: 'always' };
      const services = {
        web: { build: './app', image: NAME, ...alone },
        copy: { image: NAME, ...alone },
      };
      stack.write({ name: 'img', services });
      const failed = async (...words: string[]) => (await stack.run(...words)).stderr;

      expect(await failed('push')).toContain('cannot push image web: it is not made yet');
      expect(await failed('build', 'wbb')).toContain('cannot build "wbb"');
      expect(await stack.done('build', '--build-arg', 'V=5', 'web')).toContain('image.web');
      expect(await stack.done('ps')).not.toContain('web');
      expect(await stack.done('pull', 'web')).toBe('image.web is made here, not pulled\n');
      expect(await stack.done('push', 'web')).toBe(`image.web is pushed to ${NAME}\n`);
      expect(await stack.done('pull')).toContain('image.web is made here, not pulled\n');
      expect(await stack.done('pull', '--policy', 'missing', 'copy')).toContain('is up to date');

      await stack.done('up', '-d');
      const said = async (name: string) => stack.done('logs', '--no-log-prefix', name);
      await expect.poll(() => said('web'), { timeout: 30_000 }).toBe('V is 5\n');
      await expect.poll(() => said('copy'), { timeout: 30_000 }).toBe('V is 5\n');
      expect(await stack.plan()).toBe(NOTHING);

      // without the argument it is another image
      const before = stack.processes('img.web', 'img.copy');
      await stack.done('build', '--push', 'web');
      expect(stack.processes('img.web', 'img.copy')).toEqual(before);
      const plan = await stack.plan();
      expect(plan).toContain('container.web must be replaced');
      expect(plan).not.toContain('container.copy');
      expect(await stack.plan('--pull', 'always')).toContain('container.copy must be replaced');
      await stack.done('up', '-d', '--no-deps', '--pull', 'always', 'copy');
      expect(await said('copy')).toBe('V is 0\n');
      expect(stack.processes('img.web').web).toBe(before.web);
      await stack.done('up', '-d', '--build', '--pull', 'never', 'web');
      expect(await said('web')).toBe('V is 0\n');
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();

      const images = async (...words: string[]) => stack.run('image', ...words);
      expect((await images('pull', NAME)).stdout).toContain('image.web:1 created');
      await images('tag', 'web:1', 'web:2');
      const other = NAME.replace(/1$/, '2');
      const pushed = await images('push', 'web:2', other);
      expect(pushed.stdout).toBe(`image.web:2 is pushed to ${other}\n`);
      expect((await images('pull', other, 'again')).stdout).toContain('image.again created');
      expect((await images('pull', other, 'again')).stdout).toBe('');
      expect((await images('push', 'again', NAME)).code).toBe(0);
      expect((await images('pull', NAME, 'again')).stderr).toContain(
        `cannot pull image ${NAME} as again: there is one of that name already`,
      );
      expect((await images('push', 'again', '-x')).stderr).not.toBe('');
      expect((await images('push', 'again', 'Not one')).stderr).toContain(
        'cannot push image again: "Not one" names no image in a registry',
      );
      await images('rm', 'web:1', 'web:2', 'again');
      await stop();
    }),
    400_000,
  );
});
