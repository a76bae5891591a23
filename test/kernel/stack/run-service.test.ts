import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Background } from './background.js';
import { NOTHING, Stack } from './stack.js';

const FILE = {
  name: 'one',
  images: { box: SMALL_IMAGE },
  bridges: { net: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  volumes: { data: {} },
  secrets: { word: { file: './word' } },
  containers: {
    db: { image: 'box', command: IDLE, bridges: ['net'], limits: { memory: '32M' } },
    app: {
      image: 'box',
      command: IDLE,
      environment: { A: '1', B: '2' },
      user: '7:7',
      working_dir: '/tmp',
      volumes: ['data:/data'],
      bridges: { net: { address: '10.77.1.20' } },
      publish: ['127.0.0.1:8099:80'],
      secrets: ['word'],
      depends_on: ['db'],
      healthcheck: { exec: ['/bin/busybox', 'true'] },
      limits: { memory: '32M' },
    },
  },
};

const sh = (text: string) => ['busybox', 'sh', '-c', text];

it(
  'runs a command beside a service, with what the service has',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, FILE);
    writeFileSync(join(host.dir, 'word'), 'secret\n');
    const show = 'echo $A $B $C; busybox id -u; busybox pwd; busybox cat /run/secrets/word; exit 5';
    const ran = await stack.run('run', '-e', 'B=3', '-e', 'C=4', 'app', ...sh(show));
    expect(ran).toEqual({ code: 5, stdout: '1 3 4\n7\n/tmp\nsecret\n', stderr: '' });
    // what it depends on was started and stays, the service itself was not
    expect(stack.pids('one.db')).not.toEqual([]);
    expect(stack.pids('one.app')).toEqual([]);
    expect(await stack.done('ps', '-q')).toBe('db\n');

    await stack.done('up', '-d');
    const names = sh('busybox grep -cw db /etc/hosts; busybox ip -o -4 addr show eth0');
    const seen = await stack.done('run', 'app', ...names);
    expect(seen).toMatch(/^1\n.* 10\.77\.1\.\d+\/24 /);
    expect(seen).not.toContain('10.77.1.20/');
    await stack.done('run', '-u', '0', 'app', ...sh('echo kept >/data/file'));
    expect(await stack.done('exec', 'app', 'busybox', 'cat', '/data/file')).toBe('kept\n');
    const other = [
      '-u',
      '0',
      '-w',
      '/data',
      '-v',
      `${host.dir}:/more:ro`,
      '--entrypoint',
      '/bin/busybox',
    ];
    expect(await stack.done('run', ...other, 'app', 'ls', '.', '/more/word')).toContain('file');
    expect((await stack.run('run', '-v', 'none:/x', 'app', 'true')).stderr).toContain(
      'stack one has no volume "none"',
    );
    expect((await stack.run('run', '--as-image', 'app', 'true')).stderr).toContain(
      'there is no image "app"',
    );
    expect((await stack.run('run', 'box', 'busybox', 'false')).code).toBe(1);
    expect(await stack.plan()).toBe(NOTHING);

    // an apply leaves it alone, whoever kills it takes it away
    const before = stack.processes('one.db', 'one.app');
    const long = new Background(
      host,
      stack.file,
      ...['run', '--name', 'long', 'app'],
      ...sh('echo up; exec busybox sleep 600'),
    );
    await long.says('up');
    expect(await stack.plan()).toMatch(/^No changes.*container\.long is a one-off container/s);
    expect(await stack.apply()).toContain('No changes');
    expect(await stack.done('ps', '-q')).toBe('app\ndb\nforwarder\nlong\n');
    long.signal('SIGKILL');
    await long.ended;
    expect(await stack.apply()).toContain('No changes');
    expect(await stack.done('ps', '-q')).toBe('app\ndb\nforwarder\n');
    expect(stack.processes('one.db', 'one.app')).toEqual(before);

    const last = new Background(
      host,
      stack.file,
      'run',
      'app',
      ...sh('echo up; exec busybox sleep 600'),
    );
    await last.says('up');
    last.signal('SIGTERM');
    expect(await last.code()).toBeGreaterThan(128);
    await stack.destroy();
  }),
  400_000,
);
