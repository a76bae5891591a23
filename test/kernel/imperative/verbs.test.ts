import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';

/** Creates image `base` and starts a container `one` of it. */
async function begin(host: PrivateHost): Promise<void> {
  await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
  await host.baleine([...words('create', 'one'), '--image', 'base', '--start', '--', ...IDLE]);
}

async function end(host: PrivateHost): Promise<void> {
  const names = (await host.baleine(words('list', '-a', '-q'))).stdout.split('\n').filter(Boolean);
  if (names.length > 0) await host.baleine(words('rm', '--force', ...names));
  await host.baleine(['image', 'prune', '-y']);
}

const words = (...verb: string[]) => ['container', ...verb];

const inside = async (host: PrivateHost, name: string, line: string) =>
  (await host.baleine(words('exec', name, 'busybox', 'sh', '-c', line))).stdout;

const statusOf = async (host: PrivateHost) => {
  const listed = JSON.parse((await host.baleine(words('list', '-a', '--json'))).stdout);
  return listed.map(({ name, status }: Record<string, string>) => `${name} ${status}`);
};

it(
  'pauses a container, resumes it, and stops a paused one',
  inPrivateHost(async (host) => {
    await begin(host);
    await host.baleine(words('pause', 'one'));
    expect(await statusOf(host)).toEqual(['one paused']);
    await host.baleine(words('unpause', 'one'));
    expect(await statusOf(host)).toEqual(['one running']);
    await host.baleine(words('pause', 'one'));
    await host.baleine(words('stop', 'one'));
    expect(await statusOf(host)).toEqual(['one stopped']);
    await end(host);
  }),
);

it(
  'shows its processes, waits for its end, and restarts it',
  inPrivateHost(async (host) => {
    await begin(host);
    const top = JSON.parse((await host.baleine(words('top', 'one', '--json'))).stdout);
    const [first] = JSON.parse((await host.baleine(words('inspect', 'one'))).stdout);
    expect(top[0]).toMatchObject({ pid: first.pid, inside: 1, uid: 0 });
    expect(top.map(({ command }: { command: string }) => command)).toContain(IDLE.join(' '));

    const waiting = host.baleine(words('wait', 'one'));
    await sleep(300);
    await host.baleine(words('kill', 'one'));
    expect((await waiting).stdout).toBe('137\n');
    expect(await statusOf(host)).toEqual(['one exited']);
    await host.baleine(words('start', 'one'));
    expect(await statusOf(host)).toEqual(['one running']);
    const missing = await host.baleine(words('kill', 'two'), { reject: false });
    expect(missing).toMatchObject({
      code: 1,
      stderr: 'Error: cannot kill container two: there is none of that name created imperatively\n',
    });
    await end(host);
  }),
);

it(
  'copies files in and out of a running and a stopped container',
  inPrivateHost(async (host) => {
    await begin(host);
    const paths = join(host.dir, 'site');
    mkdirSync(paths);
    writeFileSync(join(paths, 'page'), 'hello\n');
    await host.baleine(words('cp', paths, 'one:/srv'));
    expect(await inside(host, 'one', 'busybox cat /srv/page')).toBe('hello\n');
    await inside(host, 'one', 'busybox cp /srv/page /srv/power; busybox chmod 6755 /srv/power');
    await inside(host, 'one', 'busybox ln -s /etc/shadow /srv/link');

    await host.baleine(words('cp', 'one:/srv/power', host.dir));
    expect(statSync(join(host.dir, 'power')).mode & 0o7777).toBe(0o755);
    const through = await host.baleine(words('cp', 'one:/srv/link', host.dir), { reject: false });
    expect(through.stderr).toContain('cannot copy /srv/link: no such file or folder');

    await host.baleine(words('stop', 'one'));
    await host.baleine(words('cp', 'one:/srv/page', join(host.dir, 'out')));
    expect(readFileSync(join(host.dir, 'out'), 'utf8')).toBe('hello\n');
    await host.baleine(words('cp', join(host.dir, 'out'), 'one:/srv/again'));
    const dev = await host.baleine(words('cp', 'one:/dev/null', host.dir), { reject: false });
    expect(dev).toMatchObject({ code: 1 });
    await host.baleine(words('start', 'one'));
    expect(await inside(host, 'one', 'busybox cat /srv/again')).toBe('hello\n');
    await end(host);
  }),
);

it(
  'commits a container that runs and writes',
  inPrivateHost(async (host) => {
    await begin(host);
    await inside(host, 'one', 'echo kept >/kept');
    await inside(host, 'one', '(while :; do echo line >>/log; done) >/dev/null 2>&1 &');
    await host.baleine(words('commit', 'one', 'snapshot'));
    expect(await statusOf(host)).toEqual(['one running']);
    await host.baleine(words('rm', '--force', 'one'));
    await host.baleine([...words('create', 'two'), '--image', 'snapshot', '--start']);
    expect(await inside(host, 'two', 'busybox cat /kept')).toBe('kept\n');
    const used = await host.baleine(['image', 'rm', 'snapshot'], { reject: false });
    expect(used.stderr).toBe(
      'Error: cannot remove image snapshot: in use by container two\n  Remove those first.\n',
    );
    await end(host);
  }),
);

it(
  'cron restarts imperative containers with restart: always, but none that was stopped',
  inPrivateHost(async (host) => {
    await begin(host);
    const create = words('create', 'always', '--image', 'base', '--restart', 'always', '--start');
    await host.baleine([...create, '--', ...IDLE]);
    await host.baleine(words('kill', 'one', 'always'));
    await host.baleine(words('wait', 'one', 'always'));
    const apply = ['apply', '--stack', '-', '-y', '--quiet'];
    expect((await host.baleine(apply)).stdout).toMatch(
      /^baleine -:\n {2}container\.always healed: process \d+ ended with 137 SIGKILL\n$/,
    );
    await host.baleine(words('stop', 'always'));
    expect(await host.baleine(apply)).toMatchObject({ stdout: '', stderr: '' });
    expect(await statusOf(host)).toEqual(['always stopped', 'one exited']);
    await end(host);
  }),
);

it(
  'renames a stopped container, and keeps its address, data and log',
  inPrivateHost(async (host) => {
    await begin(host);
    await host.baleine(['network', 'create', 'net', '--subnet', '10.77.1.0/24']);
    await host.baleine(words('add', 'one', '--bridge', 'net=10.77.1.9'));
    const peer = ['create', 'peer', '--image', 'base', '--bridge', 'net', '--start'];
    await host.baleine([...words(...peer), '--', ...IDLE]);
    await inside(host, 'one', 'echo kept >/kept');
    const refused = await host.baleine(words('rename', 'one', 'two'), { reject: false });
    expect(refused).toMatchObject({
      code: 1,
      stderr:
        'Error: cannot rename container one: it is not stopped, and its running processes carry its name\n' +
        '  baleine container stop one\n',
    });

    await host.baleine(words('stop', 'one'));
    const taken = await host.baleine(words('rename', 'one', 'peer'), { reject: false });
    expect(taken.stderr).toContain('there is one of that name already');
    expect((await host.baleine(words('rename', 'one', 'two'))).stdout).toBe(
      'container.one is container.two\n',
    );
    expect(await statusOf(host)).toEqual(['peer running', 'two stopped']);
    expect(readdirSync(join(host.root, 'disks')).sort()).toEqual(['_.peer.img', '_.two.img']);
    expect(await inside(host, 'peer', 'busybox cat /etc/hosts')).toContain('10.77.1.9 two\n');

    await host.baleine(words('start', 'two'));
    expect(await inside(host, 'two', 'busybox hostname; busybox cat /kept')).toBe('two\nkept\n');
    expect(await inside(host, 'two', 'busybox ip -o -4 addr')).toContain('10.77.1.9/24');
    expect((await host.baleine(['apply', '--stack', '-', '-y', '--quiet'])).stdout).toBe('');
    await end(host);
    await host.baleine(['network', 'rm', 'net']);
  }),
);

it(
  'lists volumes, and removes unused ones',
  inPrivateHost(async (host) => {
    await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
    const create = [...words('create', 'one', '--image', 'base'), '-v', 'data:/data', '-v', 'x:/x'];
    await host.baleine([...create, '--start', '--', ...IDLE]);
    await inside(host, 'one', 'echo kept >/data/file');
    const [first] = JSON.parse((await host.baleine(['volume', 'list', '--json'])).stdout);
    expect(first).toMatchObject({ name: 'data', stack: '-', containers: ['_.one'] });
    expect(readFileSync(join(first.path, 'file'), 'utf8')).toBe('kept\n');
    const used = await host.baleine(['volume', 'rm', 'data'], { reject: false });
    expect(used.stderr).toContain('cannot remove volume data: in use by container one\n');

    await host.baleine(words('rm', '--force', 'one'));
    expect((await host.baleine(['volume', 'list', '-q'])).stdout).toBe('data\nx\n');
    await host.baleine(['volume', 'rm', 'data']);
    expect(existsSync(first.path)).toBe(false);
    await host.baleine(['volume', 'prune', '-y']);
    expect((await host.baleine(['volume', 'list', '-q'])).stdout).toBe('');
    await end(host);
  }),
);

it(
  'reports changes as JSON',
  inPrivateHost(async (host) => {
    await begin(host);
    const reported = async (...verb: string[]) =>
      JSON.parse((await host.baleine(words(...verb, '--json'))).stdout);
    const about = { name: 'one', stack: '-' };
    expect(await reported('pause', 'one')).toEqual({ action: 'pause', ...about });
    expect(await reported('unpause', 'one')).toEqual({ action: 'unpause', ...about });
    const [from, to] = ['one:/bin/busybox', join(host.dir, 'out')];
    expect(await reported('cp', from, to)).toEqual({ action: 'cp', ...about, from, to });
    expect(await reported('kill', 'one')).toEqual({ action: 'kill', ...about });
    expect(await reported('wait', 'one')).toEqual({ action: 'wait', ...about, code: 137 });
    await host.baleine(words('stop', 'one'));
    expect(await reported('rename', 'one', 'two')).toEqual({
      action: 'rename',
      ...about,
      to: 'two',
    });
    await end(host);
  }),
);
