import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHECKS } from './checks.js';
import { boot, buildMachine, type Report } from './machine.js';

/** Milliseconds; emulation is some twenty times slower than the machine it runs on. */
const LIMIT = 1_500_000;

const reports = new Map<string, Report>();
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vm-'));
  const machine = await buildMachine(dir);
  for (const number of new Set(CHECKS.map((each) => each.boot))) {
    process.stdout.write(`boot ${number}\n`);
    for (const [name, report] of await boot(machine, LIMIT)) reports.set(name, report);
  }
}, 2 * LIMIT);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.each(CHECKS.map(({ name }) => name))('%s', (name) => {
  expect(reports.get(name) ?? 'it was not reached').toEqual({
    name,
    seconds: expect.any(Number),
  });
});
