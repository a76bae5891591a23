import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { lackingRoot } from '../support/skip.js';
import { Built } from './built.js';

const skip = lackingRoot();
const built = new Built();
beforeAll(async () => {
  await built.build();
  built.write('baleine.yaml', 'name: shop\nvolumes: { data: {} }\n');
});
afterAll(() => built.remove());

/** The exit code of baleine in a line of shell, in which $B is baleine, and what else is printed. */
async function shell(line: string): Promise<{ code: number; printed: string }> {
  const script = `B="${process.execPath} ${built.main}"; set -o pipefail; ${line}; echo "code $?" >&3`;
  const all = await built.run('bash', ['--norc', '-c', `{ ${script}; } 3>&1 2>&1`]);
  const [, printed = '', code] = /^(.*)code (\d+)\n$/s.exec(all.stdout) ?? [];
  return { code: Number(code), printed };
}

const FULL = 'Error: cannot write to standard output: no space left on device\n';

it('writes to the standard streams in one place', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
  const writers = files
    .filter((file) => file.endsWith('.ts'))
    .filter((file) =>
      /\bstd(out|err)\.write\(|console\./.test(readFileSync(join('src', file), 'utf8')),
    );
  expect(writers).toEqual([]);
});

describe.skipIf(skip)('if output cannot be written', () => {
  afterEach(async () => {
    await built.baleine(['destroy', '-y', '--volumes']);
    built.forget();
  });

  it.each([
    ['a full disk', '>/dev/full 2>&1'],
    ['a full disk, standard error too', '>/dev/full 2>/dev/full'],
    ['a closed descriptor', '>&- 2>&-'],
  ])('still applies on %s', async (_what, where) => {
    expect(await shell(`$B apply -y ${where}`)).toEqual({ code: 0, printed: '' });
    expect(existsSync(join(built.root, 'volumes.csv'))).toBe(true);
  });

  it('still applies if its reader is gone, with the exit code of the work', async () => {
    expect(await shell('$B apply -y 2>/dev/null | (exec <&-)')).toMatchObject({ code: 0 });
    expect(existsSync(join(built.root, 'volumes.csv'))).toBe(true);
    expect((await shell('$B apply -y --target volume.no >/dev/full 2>&1')).code).toBe(1);
  });

  it.each(['plan', 'ps', 'ps --json', 'doctor', 'events', '--help', 'graph', 'state show'])(
    'ends %s with 1 and one line of error on a full disk',
    async (command) => {
      await built.baleine(['apply', '-y']);
      expect(await shell(`$B ${command} >/dev/full`)).toEqual({ code: 1, printed: FULL });
    },
  );

  it('saves a plan even if it cannot be shown', async () => {
    expect(await shell('$B plan --out saved >/dev/full')).toEqual({ code: 0, printed: '' });
    expect(existsSync(built.path('saved'))).toBe(true);
  });
});
