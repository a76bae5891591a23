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
  'a command that was cut off leaves nothing held, and one apply or the same command finishes',
  inPrivateHost(async (host) => {
    writeFileSync(join(host.dir, 'baleine.yaml'), JSON.stringify(STACK));
    writeFileSync(join(host.dir, 'load'), Buffer.alloc(6 * 2 ** 20, 'load'));
    const trials = new Trials(host);
    await trials.of('apply', '-y', '--quiet');
    await trials.of('stop', 'still');
    await trials.of('image', 'create', 'hand', ...image);
    await trials.of('container', 'create', 'first', '--image', 'hand', '--', ...IDLE);
    await trials.of('container', 'stop', 'first');
    await trials.of('image', 'export', 'hand', 'kept.tar');
    for (const [index, [name, command]] of Object.entries(COMMANDS).entries()) {
      await trials.try(name, command, index);
    }
    expect(trials.kills).toBeGreaterThan(1.5 * Object.keys(COMMANDS).length);
    await trials.of('container', 'rm', 'first');
    await trials.of('image', 'rm', 'hand');
    await trials.of('destroy', '-y');
    expect(await host.leaks()).toEqual([]);
  }),
  TIME,
);

/** The next apply has it as the file says. */
const ROLLBACK: Command = {
  args: ['rollback', 'shop', '-y'],
  undo: [['rollback', '--undo', 'shop', '-y']],
  refusal: /rolled back/,
};

/** What HAProxy says of each server; one that drains is not up. */
async function states(host: PrivateHost): Promise<string[]> {
  const { stdout } = await host.baleine(['farm', 'status', '--json']);
  const [farm] = JSON.parse(stdout) as FarmStatus[];
  return (farm?.servers ?? []).map(({ state }) => state);
}

/** Servers that take turns behind a proxy. */
const FARM = readFileSync('examples/web-farm/baleine.yaml', 'utf8').replace(
  'replicas: 3',
  'replicas: 2',
);

it(
  'a farm that was cut off while it drained has all its servers back',
  inPrivateHost(async (host) => {
    const write = (text: string) => writeFileSync(join(host.dir, 'baleine.yaml'), text);
    write(FARM);
    const trials = new Trials(host);
    await trials.of('apply', '-y', '--quiet');
    const check = () => expect.poll(async () => states(host)).toEqual(['up', 'up']);
    const undo = [['scale', 'shop=file']];
    await trials.try('scale', { args: ['scale', 'shop=1'], undo, check }, 3);
    write(FARM.replace('mkdir -p /srv/www', 'mkdir -p /srv/www /srv/new'));
    await trials.of('apply', '-y', '--quiet');
    await trials.try('rollback', { ...ROLLBACK, check, few: 1 }, 6);
    expect(trials.kills).toBeGreaterThan(2);
    await trials.of('destroy', '-y');
    expect(await host.leaks()).toEqual([]);
  }),
  TIME,
);
