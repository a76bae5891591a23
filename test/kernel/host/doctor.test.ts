import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filterFinding } from '../../../src/host/linux/doctor/host.js';
import { diagnose } from '../../../src/host/linux/doctor/index.js';
import { programFindings } from '../../../src/host/linux/doctor/programs.js';
import { readText } from '../../../src/host/linux/files/read.js';
import { readLinks } from '../../../src/host/linux/network/observe-links.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { lackingAny } from '../../support/skip.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('finds a working runtime, and leaves nothing running or mounted', async () => {
  const paths = installPaths(join(dir, 'root'));
  const found = await diagnose(paths);
  expect(found.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(found.find(({ name }) => name === 'OCI runtime')?.detail).toMatch(/^\S+ [\d.]+\S* works/);
  expect(found.find(({ name }) => name === 'veth')?.detail).toBe('works');
  expect(found.find(({ name }) => name === 'user namespaces')?.status).toBe('ok');
  expect(readLinks().map(({ name }) => name)).toEqual(['lo']);
  expect(existsSync(paths.root)).toBe(false);
  rmSync(paths.run, { recursive: true });
  expect(readdirSync('/run/baleine')).toEqual([]);
  rmSync('/run/baleine', { recursive: true });
});

it.skipIf(lackingAny('iptables'))('reports a packet filter between containers', async () => {
  const filter = async (policy: string) => {
    await execa('iptables', ['-w', '-P', 'FORWARD', policy]);
    return filterFinding();
  };
  const called = readText('/proc/sys/net/bridge/bridge-nf-call-iptables')?.trim() === '1';
  expect((await filter('DROP')).status).toBe(called ? 'warn' : 'ok');
  expect((await filter('ACCEPT')).status).toBe('ok');
});

it('names the package of a missing program', async () => {
  const path = process.env.PATH;
  // the sbin folders are always searched, so only programs in /usr/bin can be hidden
  symlinkSync('/bin/cp', join(dir, 'cp'));
  process.env.PATH = dir;
  try {
    const found = await programFindings();
    expect(found.find(({ name }) => name === 'conmon')).toEqual({
      name: 'conmon',
      status: 'fail',
      detail: 'not installed',
      fix: 'apt-get install conmon',
    });
    expect(found.find(({ name }) => name === 'cp')?.status).toBe('ok');
  } finally {
    process.env.PATH = path;
  }
});
