import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { largeFiles, smallFiles } from '../../../src/host/linux/disks/scratch.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost } from '../../support/private-host.js';
import { runKilledBy } from '../../support/standing-in.js';
import { NOTHING, PAIR, Stack } from './stack.js';

/** A program that reads a temporary file of baleine. */
const READER = { program: 'ip', word: '-force -json', seconds: 0 };

it(
  'the next apply removes files that a killed one wrote for its programs',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const scratch = `/proc/${host.pid}/root${smallFiles(installPaths(host.root)).dir}`;
    await runKilledBy(host, READER, ['-f', stack.file, 'apply', '-y']);
    expect(readdirSync(scratch)).toHaveLength(1);
    await stack.apply();
    expect(existsSync(scratch)).toBe(false);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'the next apply removes the unpack sandbox of a killed plan',
  inPrivateHost(async (host) => {
    const staging = largeFiles(installPaths(host.root)).dir;
    writeFileSync(`${host.dir}/image.tar.gz`, gzipSync('its content is never read'));
    const images = { far: { from: { docker: { path: './image.tar.gz' } } } };
    const foreign = new Stack(host, { name: 'far', images }, 'far.yaml');
    const mkfs = { program: 'mkfs.ext4', word: '^has_journal', seconds: 0 };
    await runKilledBy(host, mkfs, ['-f', foreign.file, 'plan']);
    expect(readdirSync(staging)).toHaveLength(1);

    const stack = new Stack(host, PAIR);
    await stack.apply();
    expect(existsSync(staging)).toBe(false);
    await stack.destroy();
  }),
);

it(
  'a full /run does not prevent a plan',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const { stdout } = await host.run('df', ['--output=used', '--block-size=1K', '/run']);
    const used = Number(stdout.trim().split('\n').at(-1));
    // no space, and one page, which holds the input of a program but not its output
    for (const free of [0, 4]) {
      await host.run('mount', ['-o', `remount,size=${used + free}k`, '/run']);
      expect(await stack.plan()).toBe(NOTHING);
      expect(await stack.done('apply', '-y', '--quiet')).toBe('');
    }
    await host.run('mount', ['-o', 'remount,size=50%', '/run']);
    await stack.destroy();
  }),
);
