import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'descriptors-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Starts Node with a folder open as descriptor 40; Node makes lower ones close-on-exec itself. */
async function inheritedBy(script: string): Promise<string> {
  const bundle = join(dir, 'bundle.mjs');
  await build({
    entryPoints: ['src/host/linux/process/descriptors.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  });
  const main = join(dir, 'main.mjs');
  writeFileSync(
    main,
    `import { closeInherited } from './bundle.mjs';\nimport { spawnSync } from 'node:child_process';\n${script}\nconst { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });\nprocess.stdout.write(stdout);`,
  );
  const folder = openSync(dir, 'r');
  const stdio = Array.from(
    { length: 41 },
    (_, index) => (index === 40 ? folder : index < 3 ? 'pipe' : 'ignore') as 'pipe',
  );
  try {
    return spawnSync(process.execPath, [main], { stdio, encoding: 'utf8' }).stdout;
  } finally {
    closeSync(folder);
  }
}

it('does not pass open descriptors of our caller to programs', async () => {
  expect(await inheritedBy('')).toMatch(/ 40 -> /);
  const after = await inheritedBy('closeInherited();');
  expect(after).not.toMatch(/ 40 -> /);
  expect(after).toMatch(/ 2 -> /);
});
