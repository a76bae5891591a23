import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { tool } from '../../../src/host/linux/images/tool.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';

const skip = lackingAny('skopeo', 'buildah');

const DOCKERFILE = `
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
FROM base AS wanted
ARG V=0
RUN echo "version $V" >/text
WORKDIR /srv
HEALTHCHECK CMD true
CMD ["/bin/sh", "-c", "pwd; cat /text"]
FROM wanted
RUN false
`;

let cache = '';
afterAll(() => cache && rmSync(cache, { recursive: true, force: true }));

describe.skipIf(skip)('a Dockerfile', () => {
  it(
    'is built for apply or a saved plan, up to a stage, and again when its folder or arguments change',
    inPrivateHost(async (host) => {
      cache = join('/var/cache/baleine', installPaths(host.root).tag);
      const context = join(host.dir, 'app');
      mkdirSync(context);
      copyFileSync('/bin/busybox', join(context, 'busybox'));
      writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
      const file = join(host.dir, 'baleine.yaml');
      const write = (version: string) => {
        const dockerfile = { context: './app', target: 'wanted', args: { V: version } };
        const images = { app: { from: { dockerfile } } };
        const containers = { one: { image: 'app', restart: 'no' } };
        writeFileSync(file, JSON.stringify({ name: 'd', images, containers }));
      };
      const run = async (...words: string[]) =>
        (await host.baleine(['-f', file, ...words], { timeout: 120_000 })).stdout;

      write('7');
      const shown = await run('plan');
      expect(shown).toContain('+ command: (known after build)');
      expect(shown).toContain('image.app is built by apply');
      expect(existsSync(cache)).toBe(false);
      const saved = join(host.dir, 'saved.plan');
      const plan = await run('plan', '--out', saved);
      expect(plan).toContain('+ command: ["/bin/sh","-c","pwd; cat /text"]');
      expect(plan).toContain('+ healthcheck.test:');
      expect(plan).not.toContain('io.buildah');
      expect(readdirSync(cache)).toEqual([
        expect.stringMatching(/^d\.[0-9a-f]{16}\.[0-9a-f]{64}\.tar$/),
      ]);
      await run('apply', '-y', saved);
      expect(existsSync(cache)).toBe(false);
      expect(await printed(host, file)).toBe('/srv\nversion 7\n');
      expect(await run('plan')).toMatch(/^No changes/);
      await run('apply', '-y', '--replace', 'image.app');

      writeFileSync(join(context, 'Dockerfile'), DOCKERFILE.replace('/text', '/text # same'));
      write('8');
      await run('apply', '-y');
      expect(await printed(host, file)).toBe('/srv\nversion 8\n');
      writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY gone /\n');
      const failed = await host.baleine(['-f', file, 'plan'], { reject: false, timeout: 120_000 });
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/cannot build the Dockerfile in .*app/);
      expect(existsSync(cache)).toBe(false);
      await run('destroy', '-y');
    }),
  );

  it(
    'is checked by a plan that does not build it',
    inPrivateHost(async (host) => {
      const file = join(host.dir, 'compose.yaml');
      const plan = async (build: object) => {
        writeFileSync(file, JSON.stringify({ services: { one: { build } } }));
        const { code, stderr } = await host.baleine(['-f', file, 'plan'], { reject: false });
        return code === 0 ? 'accepted' : stderr;
      };
      expect(await plan({ context: './gone' })).toMatch(
        /^Error: .*compose\.yaml:1:21: cannot build the Dockerfile in .*gone: there is no such folder/,
      );
      mkdirSync(join(host.dir, 'app'));
      expect(await plan({ context: './app' })).toContain('app: it has no Dockerfile');
      expect(await plan({ context: './app', dockerfile_inline: 'RUN x' })).toContain(
        'no FROM line',
      );
      // nothing is fetched: there is no such registry
      writeFileSync(join(host.dir, 'app/Dockerfile'), 'FROM nowhere.test/x AS one\nFROM one\n');
      for (const target of ['one', 'One', '1', undefined]) {
        expect(await plan({ context: './app', target })).toBe('accepted');
      }
      expect(await plan({ context: './app', target: 'two' })).toContain('it has no stage "two"');
    }),
  );

  it(
    'is built with its own text, labels, host names, limits, folders and without a network',
    inPrivateHost(async (host) => {
      cache = join('/var/cache/baleine', installPaths(host.root).tag);
      for (const name of ['app', 'more']) mkdirSync(join(host.dir, name));
      copyFileSync('/bin/busybox', join(host.dir, 'app/busybox'));
      const text = join(host.dir, 'more/text');
      const file = join(host.dir, 'baleine.yaml');
      const inline = `
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY --from=extra text /text
RUN grep db.internal /etc/hosts >>/text; ulimit -n >>/text; ulimit -Hn >>/text
RUN ip -o link | wc -l >>/text; ip -o link show up | wc -l >>/text
CMD ["/bin/cat", "/text"]
`;
      const build = async (words: object) => {
        const dockerfile = { context: './app', inline, ...words };
        const containers = { one: { image: 'app', restart: 'no' } };
        const config = { name: 'd', images: { app: { from: { dockerfile } } }, containers };
        writeFileSync(file, JSON.stringify(config));
        const run = (...more: string[]) =>
          host.baleine(['-f', file, ...more], { timeout: 120_000 });
        const { stdout } = await run('plan', '--out', join(host.dir, 'saved.plan'));
        await run('apply', '-y');
        return [await printed(host, file), stdout] as const;
      };
      const words = {
        labels: { 'org.example.tier': 'a=b' },
        extra_hosts: ['db.internal=10.1.2.3'],
        additional_contexts: { extra: './more' },
        ulimits: { nofile: { soft: 100, hard: 200 } },
      };
      writeFileSync(text, 'version 1\n');
      const lines = 'version 1\n10.1.2.3\tdb.internal\n100\n200\n';
      const [alone, plan] = await build({ ...words, network: 'none' });
      expect(alone).toBe(`${lines}1\n0\n`);
      expect(plan).toMatch(/\+ labels.*org\.example\.tier.*a=b/);
      const [shared] = await build(words);
      expect(shared).toMatch(/\n1\n1\n$/);
      // a change below another folder
      writeFileSync(text, 'version 2\n');
      expect((await build(words))[0]).toContain('version 2\n');
      await host.baleine(['-f', file, 'destroy', '-y']);
    }),
  );

  it(
    'is kept for apply until its stack is destroyed or another plan rebuilds it',
    inPrivateHost(async (host) => {
      cache = join('/var/cache/baleine', installPaths(host.root).tag);
      const context = join(host.dir, 'app');
      mkdirSync(context);
      copyFileSync('/bin/busybox', join(context, 'busybox'));
      const file = join(host.dir, 'baleine.yaml');
      writeFileSync(
        file,
        'name: d\nimages: { app: { from: { dockerfile: { context: ./app } } } }\n',
      );
      const plan = async (text: string) => {
        writeFileSync(join(context, 'Dockerfile'), `FROM scratch\nCOPY busybox /${text}\n`);
        const saved = join(host.dir, 'saved.plan');
        await host.baleine(['-f', file, 'plan', '--out', saved], { timeout: 120_000 });
        return readdirSync(cache);
      };
      const [first] = await plan('one');
      const [second, ...more] = await plan('two');
      expect([second !== first, more]).toEqual([true, []]);
      // a stack without recorded rows
      await host.baleine(['-f', file, 'destroy', '-y']);
      expect(existsSync(cache)).toBe(false);
      await plan('three');
      await host.baleine(['image', 'prune', '-y']);
      expect(existsSync(cache)).toBe(false);
    }),
  );

  it(
    'is built by an imperative command',
    inPrivateHost(async (host) => {
      cache = join('/var/cache/baleine', installPaths(host.root).tag);
      const context = join(host.dir, 'app');
      mkdirSync(context);
      copyFileSync('/bin/busybox', join(context, 'busybox'));
      writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
      const create = ['image', 'create', 'app', '--from-dockerfile', context, '--target', 'wanted'];
      await host.baleine([...create, '--build-arg', 'V=9'], { timeout: 120_000 });
      expect((await host.baleine(['run', 'app'])).stdout).toBe('/srv\nversion 9\n');
      await host.baleine(['image', 'rm', 'app']);
      const lost = ['image', 'create', 'app', '--from-tar', 'x', '--target', 'wanted'];
      const { stderr } = await host.baleine(lost, { reject: false });
      expect(stderr).toContain('--target and --build-arg go with --from-dockerfile');
    }),
  );

  it('names the missing package', async () => {
    const build = tool('no-such-builder', [], { purpose: 'build it' });
    await expect(build).rejects.toMatchObject({
      message: 'cannot build it: no-such-builder is not installed',
      hint: 'apt-get install no-such-builder',
    });
  });
});

async function printed(host: PrivateHost, file: string): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { stdout } = await host.baleine(['-f', file, 'logs', 'one']);
    if (stdout.includes('version')) return stdout;
    await sleep(100);
  }
  throw new Error('the container prints nothing');
}
