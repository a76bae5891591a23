import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FarmStatus } from '../../../src/model/farm-status.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { type Command, Trials } from './trials.js';

const server = { image: 'box', command: IDLE, stop_signal: 'SIGKILL' };
const STACK = {
  name: 's',
  images: { box: { ...SMALL_IMAGE, size: '24M' } },
  bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  containers: {
    one: { ...server, bridges: { front: { address: '10.77.1.11' } } },
    still: server,
  },
};

const drop = (name: string) => async (host: PrivateHost) =>
  rmSync(join(host.dir, name), { recursive: true, force: true });

const image = ['--size', '8M', '--from-host', '/bin/busybox'];

const COMMANDS: Record<string, Command> = {
  'cp in': {
    args: ['cp', 'load', 'one:/in/load'],
    undo: [['exec', 'one', '--', 'busybox', 'rm', '-r', '/in']],
  },
  'cp in, stopped': { args: ['cp', 'load', 'still:/in/load'] },
  'cp out': { args: ['cp', 'one:/etc', 'out'], clear: drop('out') },
  'cp out, stopped': { args: ['cp', 'still:/bin', 'out'], clear: drop('out') },
  'container commit': {
    args: ['container', 'commit', '--stack', 's', 'one', 'snap'],
    undo: [['image', 'rm', 'snap']],
    refusal: /snap/,
  },
  'image export': {
    args: ['image', 'export', 'hand', 'made.tar'],
    clear: drop('made.tar'),
    refusal: /made\.tar: it exists/,
  },
  'image import': {
    args: ['image', 'import', 'kept.tar', 'again', '--size', '16M'],
    undo: [['image', 'rm', 'again']],
    refusal: /again/,
  },
  'image create': {
    args: ['image', 'create', 'more', ...image],
    undo: [['image', 'rm', 'more']],
    refusal: /more/,
  },
  run: { args: ['run', 'hand', '--', 'busybox', 'usleep', '200000'] },
  'container rename': {
    args: ['container', 'rename', 'first', 'second'],
    undo: [['container', 'rename', 'second', 'first']],
    refusal: /first/,
  },
  stop: { args: ['stop', 'one'], undo: [['start', 'one']] },
  start: { args: ['start', 'still'], undo: [['stop', 'still']] },
  restart: { args: ['restart', 'one'] },
};

const TIME = process.env.CRASH_ALL ? 7_200_000 : 400_000;

it(
  'apply or the same command cleans up after a killed command',
  inPrivateHost(async (host) => {
    writeFileSync(join(host.dir, 'baleine.yaml'), JSON.stringify(STACK));
    writeFileSync(join(host.dir, 'load'), Buffer.alloc(6 * 2 ** 20, 'load'));
    const trials = new Trials(host);
    await trials.run('apply', '-y', '--quiet');
    await trials.run('stop', 'still');
    await trials.run('image', 'create', 'hand', ...image);
    await trials.run('container', 'create', 'first', '--image', 'hand', '--', ...IDLE);
    await trials.run('container', 'stop', 'first');
    await trials.run('image', 'export', 'hand', 'kept.tar');
    for (const [index, [name, command]] of Object.entries(COMMANDS).entries()) {
      await trials.try(name, command, index);
    }
    expect(trials.kills).toBeGreaterThan(Object.keys(COMMANDS).length);
    await trials.run('container', 'rm', 'first');
    await trials.run('image', 'rm', 'hand');
    await trials.run('destroy', '-y');
    expect(await host.leaks()).toEqual([]);
  }),
  TIME,
);

/** `apply` completes a rollback that was killed, or returns to the file. */
const ROLLBACK: Command = {
  args: ['rollback', 'shop', '-y'],
  undo: [['rollback', '--undo', 'shop', '-y']],
  refusal: /rolled back/,
};

/** HAProxy's state of each server; a draining one is not `up`. */
async function states(host: PrivateHost): Promise<string[]> {
  const { stdout } = await host.baleine(['farm', 'status', '--json']);
  const [farm] = JSON.parse(stdout) as FarmStatus[];
  return (farm?.servers ?? []).map(({ state }) => state);
}

/** Two servers, so that a rolling update drains one at a time. */
const FARM = readFileSync('examples/web-farm/baleine.yaml', 'utf8').replace(
  'replicas: 3',
  'replicas: 2',
);

it(
  'after a killed rolling update one apply brings every server back',
  inPrivateHost(async (host) => {
    const write = (text: string) => writeFileSync(join(host.dir, 'baleine.yaml'), text);
    write(FARM);
    const trials = new Trials(host);
    await trials.run('apply', '-y', '--quiet');
    const check = () => expect.poll(async () => states(host)).toEqual(['up', 'up']);
    const undo = [['scale', 'shop=file']];
    await trials.try('scale', { args: ['scale', 'shop=1'], undo, check, killOnly: true }, 3);
    write(FARM.replace('mkdir -p /srv/www', 'mkdir -p /srv/www /srv/new'));
    await trials.run('apply', '-y', '--quiet');
    await trials.try('rollback', { ...ROLLBACK, check, killOnly: true }, 6);
    expect(trials.kills).toBeGreaterThan(1);
    await trials.run('destroy', '-y');
    expect(await host.leaks()).toEqual([]);
  }),
  TIME,
);
