import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Context } from '../../../src/app/context.js';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { linuxImages } from '../../../src/host/linux/images/index.js';
import type { ExportFormat } from '../../../src/host/ports.js';
import { imageFile, installPaths } from '../../../src/model/install-paths.js';
import type { Row } from '../../../src/model/resource.js';
import type { ImageFacts, ImageSpec } from '../../../src/model/specs.js';
import { type PrivateHost, privateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type Docker, startDocker } from './docker.js';
import { listing } from './tree.js';

const skip = lackingAny('dockerd', 'docker', 'skopeo', 'setcap', 'getfattr');

const DOCKERFILE = `
FROM scratch
COPY rootfs /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN rm -r /gone && rm -r /dir && mkdir /dir && echo new > /dir/new
RUN echo a > /first && ln /first /second && cp /bin/busybox /bin/suid && chmod 4755 /bin/suid
RUN chown 1234:1235 /dir/new && mkfifo /fifo && mkdir -m 1777 /tmp && mknod /null c 1 3
RUN busybox dd if=/dev/zero of=/sparse bs=1 count=1 seek=20000000 && rm /first && ln /second /first
RUN mkdir /a /c /l && touch /a/x /b /c/x /l/x && ln -s /l /d && ln -s /etc/passwd /e && mkdir /o && touch /o/x
RUN rm -r /a && touch /a && rm /b && mkdir /b && touch /b/x && rm -r /c && ln -s /l /c && rm -r /o
RUN rm /d /e && mkdir /d /o && touch /d/y /o/y && echo own > /e && chown 1234 /l && chmod 1750 /l
RUN touch -d @0 /l/x && ln /l/x /l/z
RUN touch /l/x
RUN true
RUN true
LABEL tier=data
EXPOSE 80/tcp
VOLUME /srv
STOPSIGNAL SIGINT
ENV A=1 B="two words"
WORKDIR /work
USER app
HEALTHCHECK --interval=5s --retries=2 --start-period=1500ms CMD true
MAINTAINER somebody
ONBUILD RUN make
ONBUILD COPY . /src
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT ["/bin/sh", "-c", "id; pwd; echo $A $B $HOME; echo $0 $@; cat /dir/new; ls /dir"]
CMD ["x", "y z"]
`;

/** Files that Docker adds to every container. */
const DOCKERS_OWN = /^(\.dockerenv|(dev|proc|sys)(\/.*)?|etc\/(hosts|hostname|resolv\.conf|mtab))$/;

describe.skipIf(skip)('an image of Docker’s', () => {
  let docker: Docker;
  let host: PrivateHost;
  let saved: string;
  let printed: string;
  let tree: Record<string, string>;

  beforeAll(async () => {
    host = await privateHost();
    docker = await startDocker();
    writeContext(join(docker.dir, 'context'));
    await docker('build', '--network=none', '--tag=trip:1', join(docker.dir, 'context'));
    saved = join(docker.dir, 'saved.tar');
    await docker('save', '--output', saved, 'trip:1');
    printed = await printedBy('trip:1');
    tree = await exported('trip:1');
  });

  afterAll(async () => {
    await docker?.close();
    expect(await host?.close()).toEqual([]);
  });

  const printedBy = (image: string) => docker('run', '--rm', '--network=none', image);

  /** Excludes device nodes, which baleine omits, and files that Docker adds. */
  async function exported(image: string): Promise<Record<string, string>> {
    const dir = join(docker.dir, 'exported');
    mkdirSync(dir);
    const id = await docker('create', '--network=none', image);
    await docker('export', '--output', `${dir}.tar`, id);
    const keep = ['--numeric-owner', '--preserve-permissions', '--xattrs', '--xattrs-include=*'];
    await execa('tar', ['-x', ...keep, '-f', `${dir}.tar`, '-C', dir]);
    const found = without(listing(dir));
    execFileSync('rm', ['-r', dir, `${dir}.tar`]);
    await docker('rm', id);
    return found;
  }

  const without = (found: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(found).filter(
        ([path]) =>
          !DOCKERS_OWN.test(path) && path !== 'null' && path !== 'lost+found' && path !== '.',
      ),
    );

  function write(from: object): string {
    const file = join(host.dir, 'baleine.yaml');
    const containers = { one: { image: 'trip', restart: 'no' } };
    writeFileSync(file, JSON.stringify({ name: 'trip', images: { trip: { from } }, containers }));
    return file;
  }

  async function rowOf(): Promise<Row<ImageSpec, ImageFacts>> {
    const context = new Context({ root: host.root, file: '-', color: false });
    const { rows } = await context.state();
    return rows.find(({ kind }) => kind === 'image') as Row<ImageSpec, ImageFacts>;
  }

  const file = () => imageFile(installPaths(host.root), 'trip.trip');

  async function imported(): Promise<Record<string, string>> {
    const [disks, dir] = [linuxDisks(), join(docker.dir, 'look')];
    await disks.ensureMounted(file(), dir);
    try {
      return without(listing(dir));
    } finally {
      await disks.ensureUnmounted(dir);
    }
  }

  async function output(yaml: string): Promise<string> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const { stdout } = await host.baleine(['-f', yaml, 'logs', 'one']);
      if (stdout.includes('new\nnew\n')) return stdout.trimEnd();
      await sleep(100);
    }
    throw new Error('the container prints nothing');
  }

  async function exportTo(to: string, format: ExportFormat): Promise<string> {
    const { spec, facts } = await rowOf();
    const { original } = spec.origin ?? {};
    const created = String(original?.image.created ?? facts.created_at);
    const what = { source: { file: file() }, config: spec.config, reference: 'back:1' };
    const whole = { ...what, created, ...(original && { original }) };
    await linuxImages(installPaths(host.root)).export(whole, to, format);
    return createHash('sha256').update(readFileSync(to)).digest('hex');
  }

  async function settings(image: string): Promise<unknown> {
    const [all] = JSON.parse(await docker('image', 'inspect', image));
    const { Config, Author, Created, Architecture, Os, Comment } = all;
    return { Config, Author, Created, Architecture, Os, Comment };
  }

  /** Imports an image, exports it back to Docker, and compares files, output and settings. */
  async function roundTrip(from: object): Promise<void> {
    const yaml = write(from);
    await host.baleine(['-f', yaml, 'apply', '-y']);
    expect(await imported()).toEqual(tree);
    expect(await output(yaml)).toBe(printed);
    expect((await host.baleine(['-f', yaml, 'plan'])).stdout).toMatch(/^No changes/);
    const to = join(docker.dir, 'back.tar');
    await exportTo(to, 'docker');
    await docker('load', '--input', to);
    expect(await printedBy('back:1')).toBe(printed);
    expect(await settings('back:1')).toEqual(await settings('trip:1'));
    expect(await exported('back:1')).toEqual(tree);
    await docker('rmi', 'back:1');
    execFileSync('rm', [to]);
    await host.baleine(['-f', yaml, 'destroy', '-y']);
  }

  it('is imported, runs the same, and is exported back', () => roundTrip({ docker: saved }));

  it.each<[string, string[], string[]]>([
    ['nothing of its own', [], []],
    ['a command', [], ['x', 'y']],
    ['an entrypoint', ['--entrypoint', '/bin/sh'], []],
    ['both', ['--entrypoint', '/bin/sh'], ['-c', 'x']],
    ['no entrypoint', ['--entrypoint', ''], ['/bin/sh', '-c', 'x']],
    ['the rest', ['--user', '0', '--env', 'A=2', '--env', 'C=3', '--label', 'a=b'], []],
  ])('is committed from a container as Docker does, with %s', async (_name, options, command) => {
    await host.baleine(['image', 'import', saved, 'trip']);
    const create = ['container', 'create', 'c', '--image', 'trip', ...options];
    await host.baleine([...create, ...(command.length > 0 ? ['--', ...command] : [])]);
    await host.baleine(['container', 'commit', 'c', 'made']);
    const to = join(docker.dir, 'made.tar');
    await host.baleine(['image', 'export', 'made', to]);
    await docker('load', '--input', to);
    const id = await docker('create', '--network=none', ...options, 'trip:1', ...command);
    await docker('commit', id, 'made:docker');
    expect(await committed('made:latest')).toEqual(await committed('made:docker'));
    const [ours] = JSON.parse(await docker('image', 'inspect', 'made:latest'));
    expect(ours.Config.OnBuild).toEqual(['RUN make', 'COPY . /src']);
    await docker('rm', id);
    await docker('rmi', 'made:latest', 'made:docker');
    execFileSync('rm', [to]);
    await host.baleine(['container', 'rm', 'c']);
    await host.baleine(['image', 'rm', 'made', 'trip']);
  });

  /** The settings that a commit takes from the container. */
  async function committed(image: string): Promise<unknown> {
    const { Config } = (await settings(image)) as { Config: Record<string, unknown> };
    const { Entrypoint, Cmd, Env, User, WorkingDir, Labels, ...rest } = Config;
    const { StopSignal, Healthcheck, ExposedPorts, Volumes } = rest;
    return {
      ...{ Entrypoint, Cmd, Env: (Env as string[]).sort(), User, WorkingDir, Labels },
      ...{ StopSignal, Healthcheck, ExposedPorts, Volumes },
    };
  }

  it.each([
    ['gzip', ['gzip', '--keep'], '.gz'],
    ['zstd', ['zstd', '--quiet', '--keep'], '.zst'],
  ])('is read with compression by %s', async (_name, [program = '', ...args], ending) => {
    await execa(program, [...args, saved]);
    const yaml = write({ docker: `${saved}${ending}` });
    await host.baleine(['-f', yaml, 'apply', '-y', '--target', 'image.trip']);
    expect(await imported()).toEqual(tree);
    await host.baleine(['-f', yaml, 'destroy', '-y']);
  });

  it('is read as an OCI layout and as an archive of one', async () => {
    const folder = join(docker.dir, 'oci:1');
    mkdirSync(join(docker.dir, 'oci'));
    await execa('skopeo', ['copy', `docker-archive:${saved}`, `oci:${join(docker.dir, 'oci')}:t`]);
    execFileSync('mv', [join(docker.dir, 'oci'), folder]);
    // OCI's config has no health check
    const yaml = write({ oci: { path: folder, reference: 't' } });
    await host.baleine(['-f', yaml, 'apply', '-y']);
    expect(await imported()).toEqual(tree);
    expect(await output(yaml)).toBe(printed);
    const archive = join(docker.dir, 'archive.tar');
    execFileSync('tar', ['-C', folder, '--force-local', '-cf', archive, '.']);
    write({ oci: archive });
    const { stdout } = await host.baleine(['-f', yaml, 'plan']);
    expect(stdout).toContain('source changed');
    await host.baleine(['-f', yaml, 'apply', '-y']);
    expect(await imported()).toEqual(tree);

    const back = join(docker.dir, 'back.oci');
    await exportTo(back, 'oci');
    const to = join(docker.dir, 'back.tar');
    await execa('skopeo', ['copy', `oci-archive:${back}`, `docker-archive:${to}:back:1`]);
    await docker('load', '--input', to);
    expect(await printedBy('back:1')).toBe(printed);
    await host.baleine(['-f', yaml, 'destroy', '-y']);
  });

  it('is exported the same each time', async () => {
    const yaml = write({ docker: saved });
    await host.baleine(['-f', yaml, 'apply', '-y', '--target', 'image.trip']);
    const sums: string[] = [];
    for (const format of ['docker', 'oci', 'tar'] as const) {
      sums.push(await exportTo(join(docker.dir, `one.${format}`), format));
    }
    await sleep(1100);
    for (const format of ['docker', 'oci', 'tar'] as const) {
      sums.push(await exportTo(join(docker.dir, `two.${format}`), format));
    }
    expect(sums.slice(3)).toEqual(sums.slice(0, 3));
    expect(new Set(sums).size).toBe(3);
    await host.baleine(['-f', yaml, 'destroy', '-y']);
  });
});

function writeContext(dir: string): void {
  const root = join(dir, 'rootfs');
  for (const name of ['bin', 'etc', 'dir', 'gone', 'srv']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  copyFileSync('/bin/busybox', join(root, 'bin/capable'));
  execFileSync('setcap', ['cap_net_raw+ep', join(root, 'bin/capable')]);
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0::/:/bin/sh\napp:x:1234:1235::/home/app:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'app:x:1235:\nmore:x:1300:app\n');
  writeFileSync(join(root, 'gone/file'), 'gone');
  writeFileSync(join(root, 'dir/old'), 'old');
  writeFileSync(join(root, 'with space\nand newline'), 'odd');
  chmodSync(join(root, 'gone/file'), 0o600);
  writeFileSync(join(dir, 'Dockerfile'), DOCKERFILE);
}
