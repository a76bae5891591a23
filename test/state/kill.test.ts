import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openState } from '../../src/state/state.js';
import { program, run } from './process.js';
import { makeInstallation, TABLES } from './sample.js';

const writer = program('writer');

it('is complete whenever its writer is killed, with everything reported as durable', async () => {
  const paths = makeInstallation();
  let round = 1;
  for (let life = 0; life < 15; life++) {
    const { child, line, lines, ended } = run(writer, [paths.root, String(round)]);
    await line(String(round));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    child.kill('SIGKILL');
    await ended;
    const reported = lines().at(-1) ?? '';
    const { rows } = openState(paths, TABLES);
    // one more edit may be durable than was reported
    const last = Number(lines().findLast((each) => each !== 'none'));
    const [before, after] =
      reported === 'none' ? [0, last + 1] : [last, last % 5 === 0 ? 0 : last + 1];
    const seen = (rows[0]?.facts as { round: number } | undefined)?.round ?? 0;
    expect([before, after], `reported ${reported}`).toContain(seen);
    round = last + 1;
  }
  expect(round).toBeGreaterThan(15);
  expect(existsSync(paths.root)).toBe(true);
}, 60_000);
