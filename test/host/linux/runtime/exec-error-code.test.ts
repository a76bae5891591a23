import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { explainFailedStart } from '../../../../src/host/linux/runtime/exec-error-code.js';
import { messageOf, UserError } from '../../../../src/model/errors.js';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'tree-'));
  mkdirSync(join(tree, 'bin'));
  writeFileSync(join(tree, 'bin/busybox'), '');
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

const CRUN = 'crun: open executable: No such file or directory';

const explained = (program: string, said = CRUN) => {
  const command = { args: [program, 'x'], cwd: '/', env: ['PATH=/bin:/sbin'] };
  return explainFailedStart(new Error(`cannot start s.a: ${said}`), 's.a', tree, command);
};

it.each([
  ['/no/such', `there is no program /no/such in its image (${CRUN})`],
  ['bin/bsybox', `there is no program bin/bsybox in its image (${CRUN})`],
  ['bsybox', `there is no program bsybox in any folder of its PATH (${CRUN})`],
])('names %s, missing in the runtime’s error', (program, cause) => {
  const error = explained(program);
  expect(error).toBeInstanceOf(UserError);
  expect(messageOf(error)).toBe(`cannot start s.a: ${cause}`);
});

it.each([
  ['a program that is there', 'busybox', CRUN],
  ['another complaint', '/no/such', 'crun: mount `proc`: Permission denied'],
])('leaves the error about %s as it is', (_, program, said) => {
  expect(messageOf(explained(program, said))).toBe(`cannot start s.a: ${said}`);
});
