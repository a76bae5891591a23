import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isFrozen } from '../../../src/host/linux/cgroups/freezer.js';
import { readHierarchies } from '../../../src/host/linux/cgroups/hierarchies.js';
import { cgroupPath, installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';

/** Bytes; large enough that every command takes a while to copy it. */
const LARGE = 160 * 2 ** 20;

const FILE = {
  name: 's',
  images: { base: { ...SMALL_IMAGE, size: '448M' } },
  containers: {
    one: { image: 'base', stop_signal: 'SIGKILL', command: IDLE },
    ended: { image: 'base', restart: 'no', command: ['busybox', 'true'] },
  },
};

async function begin(host: PrivateHost): Promise<void> {
  writeFileSync(join(host.dir, 'baleine.yaml'), JSON.stringify(FILE));
  await host.baleine(['apply', '-y', '--quiet']);
  await host.run('dd', ['if=/dev/urandom', 'of=large', 'bs=1M', `count=${LARGE / 2 ** 20}`]);
  await host.baleine(['cp', 'large', 'one:/in/large']);
}

async function end(host: PrivateHost): Promise<void> {
  await host.baleine(['image', 'prune', '-y']);
  await host.baleine(['destroy', '-y']);
}

const frozen = ({ root }: PrivateHost) =>
  isFrozen(readHierarchies(), cgroupPath(installPaths(root), 's.one'));

/** Staging folders and unfinished files, on the host and on disks. */
async function unfinished(host: PrivateHost): Promise<string[]> {
  const paths = [host.dir, join(host.root, 'images'), join(host.root, 'disks')];
  const names = paths.flatMap((path) => readdirSync(path));
  const { run } = installPaths(host.root);
  const inside = await host.baleine(['exec', 'one', '--', 'busybox', 'find', '/', '-xdev']);
  return [
    ...[...names, ...inside.stdout.split('\n')].filter((name) => /\.baleine-|\.part$/.test(name)),
    ...['holds', 'staging', 'scratch'].filter((name) => existsSync(join(run, name))),
  ];
}

/** Starts a command, and sends it a signal once its work has begun. */
async function cutOff(
  host: PrivateHost,
  args: string[],
  signal: NodeJS.Signals,
  begun: () => boolean,
): Promise<{ code: number | null; stderr: string }> {
  const enter = [`--target=${host.pid}`, '--mount', '--net', `--wdns=${host.dir}`, '--'];
  const words = [process.execPath, MAIN, '--root', host.root, ...args];
  // nsenter executes baleine in its own process, so this is baleine's pid
  const child = spawn('nsenter', [...enter, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  const output = text(child.stderr);
  const ended = once(child, 'exit');
  while (!begun() && child.exitCode === null) await sleep(5);
  child.kill(signal);
  const [code] = await ended;
  return { code, stderr: await output };
}

const staging = (path: string) => () =>
  existsSync(path) && readdirSync(path).some((name) => name.startsWith('.baleine-'));

const part =
  ({ root }: PrivateHost, name: string) =>
  () =>
    existsSync(join(root, 'images', `.${name}.img.part`));

const commands = (host: PrivateHost): [args: string[], begun: () => boolean][] => [
  [['cp', 'large', 'one:/again'], () => frozen(host)],
  [['cp', 'one:/in', 'out'], staging(host.dir)],
  [['container', 'commit', '--stack', 's', 'one', 'snap'], part(host, '_.snap')],
  [['image', 'export', 'base', 'image.tar', '--format', 'oci'], staging(host.dir)],
];

it(
  'thaws the container when a signal interrupts the command',
  inPrivateHost(async (host) => {
    await begin(host);
    const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
    const signals = Object.keys(codes) as (keyof typeof codes)[];
    for (const [index, [args, begun]] of commands(host).entries()) {
      const signal = signals[index % signals.length] as keyof typeof codes;
      const how = await cutOff(host, args, signal, begun);
      const where = `${signal} during ${args.join(' ')}`;
      expect([where, how.code]).toEqual([where, codes[signal]]);
      expect(how.stderr).toContain('Interrupted: undoing what has begun.');
      expect([where, frozen(host)]).toEqual([where, false]);
      expect(await unfinished(host)).toEqual([]);
    }
    expect(existsSync(join(host.dir, 'out'))).toBe(false);
    // the interrupted commit has not taken the name
    await host.baleine(['container', 'commit', '--stack', 's', 'one', 'snap']);
    await end(host);
  }),
);

it(
  'the next apply thaws a container whose command was killed, even without changes',
  inPrivateHost(async (host) => {
    await begin(host);
    const apply = ['apply', '-y', '--quiet'];
    await sleep(2200); // tables are cached from then on, and a no-op run takes no lock
    for (let each = 0; each < 3; each += 1) await host.baleine(apply);
    for (const [args, begun] of commands(host)) {
      await cutOff(host, args, 'SIGKILL', begun);
      if (args[0] !== 'image') {
        const command = args[0] === 'cp' ? 'cp' : 'container commit';
        expect((await host.baleine(['plan'])).stdout).toContain(
          `container.one is frozen: baleine ${command} was killed; the next apply lets it go on`,
        );
        expect((await host.baleine(['ps'])).stdout).toContain(`left frozen by a killed ${command}`);
      }
      await host.baleine(apply);
      expect([args, frozen(host)]).toEqual([args, false]);
      // drops the unfinished image of the killed commit
      await host.baleine(['apply', '-y', '--quiet', '--stack', '-']);
      expect(await unfinished(host)).toEqual([]);
    }
    await end(host);
  }),
);

it(
  'keeps a paused container paused, and unmounts an unused disk',
  inPrivateHost(async (host) => {
    await begin(host);
    await host.baleine(['pause', 'one']);
    await host.baleine(['cp', 'one:/in/large', 'copy']);
    expect(frozen(host)).toBe(true);
    await cutOff(host, ['cp', 'one:/in', 'out'], 'SIGKILL', staging(host.dir));
    await host.baleine(['apply', '-y', '--quiet']);
    expect(frozen(host)).toBe(true);
    await host.baleine(['unpause', 'one']);
    expect(await unfinished(host)).toEqual([]);

    // while a command works on it, and after it was killed
    const copying = host.baleine(['cp', 'one:/in', 'out']);
    while (!frozen(host)) await sleep(5);
    const refused = await host.baleine(['unpause', 'one'], { reject: false });
    expect(refused.stderr).toContain('cannot unpause s.one: baleine cp has frozen it, process ');
    await copying;
    await cutOff(host, ['cp', 'one:/in', 'more'], 'SIGKILL', staging(host.dir));
    await host.baleine(['pause', 'one']);
    await host.baleine(['apply', '-y', '--quiet']);
    expect(frozen(host)).toBe(true);
    await host.baleine(['unpause', 'one']);

    await host.baleine(['stop', 'ended']);
    expect(mounted(host)).toBe(false);
    await cutOff(host, ['cp', 'large', 'ended:/large'], 'SIGKILL', () => mounted(host));
    expect(mounted(host)).toBe(true);
    await host.baleine(['apply', '-y', '--quiet']);
    expect(mounted(host)).toBe(false);
    await end(host);
  }),
);

const mounted = ({ pid, root }: PrivateHost) =>
  readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(
    `${installPaths(root).run}/containers/s.ended/`,
  );
