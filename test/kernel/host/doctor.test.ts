import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { examine } from '../../../src/host/linux/doctor.js';
import { programFindings } from '../../../src/host/linux/doctor-programs.js';
import { readLinks } from '../../../src/host/linux/links-seen.js';
import { siteOf } from '../../../src/model/site.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('finds a runtime that works here, and leaves nothing running or mounted', async () => {
  const site = siteOf(join(dir, 'root'));
  const found = await examine(site);
  expect(found.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(found.find(({ name }) => name === 'OCI runtime')?.detail).toMatch(/^\S+ [\d.]+\S* works/);
  expect(found.find(({ name }) => name === 'veth')?.detail).toBe('works');
  expect(found.find(({ name }) => name === 'user namespaces')?.status).toBe('ok');
  expect(readLinks().map(({ name }) => name)).toEqual(['lo']);
  expect(existsSync(site.root)).toBe(false);
  rmSync(site.run, { recursive: true });
  expect(readdirSync('/run/baleine')).toEqual([]);
  rmSync('/run/baleine', { recursive: true });
});

it('says which package has a program that is missing', async () => {
  const path = process.env.PATH;
  // The sbin folders are looked into always, so only what lies in /usr/bin can be hidden.
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
