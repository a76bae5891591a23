import { mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backingFile, readMounts } from '../../../src/host/linux/disks/mount-table.js';
import { linuxLinks } from '../../../src/host/linux/network/index.js';
import { linuxProbe } from '../../../src/host/linux/probe.js';
import {
  bridgeLink,
  installPaths,
  linkAlias,
  netnsName,
  vethLink,
} from '../../../src/model/install-paths.js';

let dir = '';
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'a probe-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const paths = installPaths('/nonexistent/probe-test');
const probe = () => linuxProbe(paths);

describe('mounts', () => {
  it('are listed with the file behind a loop device, even a deleted one', async () => {
    const [image, tree] = [join(dir, 'disk.img'), join(dir, 'a tree')];
    mkdirSync(tree);
    writeFileSync(image, '');
    truncateSync(image, 8 * 2 ** 20);
    await execa('mkfs.ext4', ['-q', image]);
    await execa('mount', ['-o', 'loop', image, tree]);
    try {
      expect((await probe()).mounted(tree)).toBe(true);
      const device = readMounts().find(({ path }) => path === tree)?.source ?? '';
      expect(backingFile(device)).toBe(image);
      rmSync(image);
      expect(backingFile(device)).toBe(`${image} (deleted)`);
    } finally {
      await execa('umount', [tree]);
    }
    expect((await probe()).mounted(tree)).toBe(false);
  });
});

describe('processes and files', () => {
  it('are alive or not', async () => {
    const child = execa('sleep', ['30']);
    const seen = await probe();
    const own = seen.process(process.pid)?.start_time ?? Number.POSITIVE_INFINITY;
    expect(seen.process(child.pid ?? 0)?.start_time).toBeGreaterThan(own);
    expect(seen.process(child.pid ?? 0)?.parent).toBe(process.pid);
    child.kill('SIGKILL');
    await child.catch(() => undefined);
    expect(seen.process(child.pid ?? 0)).toBeUndefined();
  });

  it('count a zombie as ended', async () => {
    // the shell must become `sleep`, which does not wait for children, before its child ends
    const script = 'sleep 0.1 & echo $!; exec sleep 30';
    const parent = execa('sh', ['-c', script], { buffer: false });
    const [first] = await parent.stdout.take(1).toArray();
    const zombie = Number(String(first));
    await expect.poll(async () => (await probe()).text(`/proc/${zombie}/stat`)).toMatch(/\) Z /);
    const seen = await probe();
    expect(seen.process(zombie)).toBeUndefined();
    parent.kill('SIGKILL');
    await parent.catch(() => undefined);
  });

  it('have a size and an allocated size', async () => {
    const file = join(dir, 'sparse');
    writeFileSync(file, 'x'.repeat(4096));
    truncateSync(file, 2 ** 30);
    const seen = await probe();
    expect(seen.file(file)).toEqual({ size: 2 ** 30, used: 4096, directory: false });
    expect(seen.file(dir)?.directory).toBe(true);
    expect([seen.file(join(file, 'x')), seen.text(join(dir, 'none'))]).toEqual([
      undefined,
      undefined,
    ]);
    expect(seen.bootId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('have an exit code and a time once the container has ended', async () => {
    const here = { ...paths, run: dir };
    mkdirSync(join(dir, 'exits'));
    writeFileSync(join(dir, 'exits', 's.a'), '137');
    writeFileSync(join(dir, 'exits', 's.b'), '');
    const seen = await linuxProbe(here);
    expect(seen.exit('s.a')?.code).toBe(137);
    expect(Date.parse(seen.exit('s.a')?.at ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect([seen.exit('s.b'), seen.exit('s.c')]).toEqual([undefined, undefined]);
  });
});

describe('links', () => {
  const links = linuxLinks(paths);
  const [front, back] = [bridgeLink(paths, 'test', 'front'), bridgeLink(paths, 'test', 'back')];
  const netns = netnsName(paths, 's.a');
  const alias = linkAlias(paths, 's', 'container.a');

  it('and addresses are observed on the host and inside', async () => {
    await links.ensureBridge({ link: front, alias: 'x', address: '10.77.1.1/24' });
    await links.ensureBridge({ link: back, alias: 'y' });
    const wired = [front, back].map((bridge, index) => ({
      bridge,
      bridge_link: bridge,
      link: vethLink(paths, 's.a', bridge),
      alias,
      device: `eth${index}`,
      address: `10.77.${index + 1}.4/24`,
      ...(index === 0 && { gateway: '10.77.1.1' }),
    }));
    expect(await links.wire([{ netns, links: wired }])).toEqual([undefined]);
    const child = execa('ip', ['netns', 'exec', netns, 'sleep', '30']);
    try {
      await sleep(300);
      const seen = await probe();
      expect(Object.fromEntries(seen.addresses(child.pid ?? 0, ['eth0', 'eth1']))).toEqual({
        eth0: ['10.77.1.4/24'],
        eth1: ['10.77.2.4/24'],
      });
      expect(seen.link(front)).toMatchObject({ kind: 'bridge', up: true });
      expect(seen.link(wired[1]?.link ?? '')).toMatchObject({ master: back, alias });
      expect(seen.link('none')).toBeUndefined();
      const full = await linuxProbe(paths, { full: true });
      expect(full.link(front)).toEqual(seen.link(front));
      const [inFull, inBrief] = [full, seen].map((each) => each.link(wired[1]?.link ?? ''));
      for (const key of ['name', 'up', 'master', 'alias'] as const)
        expect(inBrief?.[key]).toBe(inFull?.[key]);
      expect(
        seen
          .linksWithAlias(linkAlias(paths, 's', ''))
          .map(({ name }) => name)
          .sort(),
      ).toEqual(wired.map(({ link }) => link).sort());
      expect(seen.mounted(`/run/netns/${netns}`)).toBe(true);
    } finally {
      child.kill('SIGKILL');
      await child.catch(() => undefined);
      await links.removeNetns([netns]);
      for (const link of [front, back]) await links.removeLink(link);
    }
    expect((await probe()).addresses(child.pid ?? 0, ['eth0', 'eth1']).size).toBe(0);
  });

  it('and addresses of a single one are observed while it is up', async () => {
    await links.ensureBridge({ link: front, alias: 'x', address: '10.77.1.1/24' });
    const place = { bridge: front, bridge_link: front, link: vethLink(paths, 's.a', front), alias };
    const link = { ...place, device: 'eth0', address: '10.77.1.4/24', gateway: '10.77.1.1' };
    expect(await links.wire([{ netns, links: [link] }])).toEqual([undefined]);
    const child = execa('ip', ['netns', 'exec', netns, 'sleep', '30']);
    const ip = (...words: string[]) => execa('ip', ['-n', netns, ...words]);
    const inside = async () =>
      Object.fromEntries((await probe()).addresses(child.pid ?? 0, ['eth0']));
    try {
      await sleep(300);
      expect(await inside()).toEqual({ eth0: ['10.77.1.4/24'] });
      await ip('address', 'replace', '10.77.1.9/25', 'dev', 'eth0');
      await ip('address', 'delete', '10.77.1.4/24', 'dev', 'eth0');
      expect(await inside()).toEqual({ eth0: ['10.77.1.9/25'] });
      await ip('link', 'set', 'eth0', 'down');
      expect(await inside()).toEqual({});
    } finally {
      child.kill('SIGKILL');
      await child.catch(() => undefined);
      await links.removeNetns([netns]);
      await links.removeLink(front);
    }
  });
});
