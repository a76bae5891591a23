import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readProfiles } from '../../src/config/profiles.js';
import { read } from './read.js';

const dir = mkdtempSync(join(tmpdir(), 'profiles-'));
afterAll(() => rmSync(dir, { recursive: true }));

const RIGHT = '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}';

function fileWith(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const file = (...profiles: string[]) => `name: one
images: { base: { from: { host: { binaries: [/bin/busybox] } }, command: [busybox] } }
containers:
${profiles.map((each, i) => `  c${i}: { image: base, seccomp: ${each} }`).join('\n')}
`;

it('distinguishes profiles by their content', () => {
  const [one, same] = ['one.json', 'same.json'].map((name) => fileWith(name, RIGHT));
  const other = fileWith('other.json', `${RIGHT}\n`);
  const found = readProfiles(read(file(one ?? '', same ?? '', other, 'unconfined')));
  expect(Object.keys(found)).toEqual([one, same, other]);
  expect(found[one ?? '']).toBe(found[same ?? '']);
  expect(found[other]).not.toBe(found[one ?? '']);
});

it('reports all invalid ones with place and cause', () => {
  const text = file(
    join(dir, 'none.json'),
    fileWith('half.json', '{"defaultAction":'),
    '/dev/zero',
    fileWith('form.json', '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": "read"}]}'),
  );
  let said: string[] = [];
  try {
    readProfiles(read(text));
  } catch (error) {
    said = (error as Error).message.split('\n');
  }
  expect(said).toEqual([
    expect.stringMatching(/^baleine\.yaml:4:\d+: cannot use seccomp profile .*none\.json: ENOENT/),
    expect.stringMatching(/^baleine\.yaml:5:\d+: .*half\.json: .*JSON/),
    expect.stringMatching(/^baleine\.yaml:6:\d+: .*\/dev\/zero: it is not a regular file$/),
    expect.stringMatching(
      /^baleine\.yaml:7:\d+: .*form\.json: syscalls\[0\]\.action is not a string$/,
    ),
  ]);
});
