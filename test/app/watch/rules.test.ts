import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { filterOf, rulesOf } from '../../../src/app/watch/rules.js';
import { loadConfig } from '../../../src/formats/load.js';

const folder = mkdtempSync(join(tmpdir(), 'baleine-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'app/src'), { recursive: true });
writeFileSync(join(folder, 'app/.dockerignore'), '# none of these\n**/*.log\n!keep.log\n');

const configOf = (services: object) =>
  loadConfig({
    file: 'compose.yaml',
    directory: folder,
    env: {},
    text: JSON.stringify({ name: 'dev', services }),
  });

const watch = (...rules: object[]) => ({ develop: { watch: rules } });
const problem = (services: object, named: string[] = []) => {
  try {
    rulesOf(configOf(services), named);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

it('reads the rules of a compose file', () => {
  const exec = { command: 'make -j "a b"' };
  const rule = { path: './app', action: 'sync+exec', target: '/srv', ignore: 'x/', exec };
  const config = configOf({ web: { build: './app', ...watch(rule) }, other: { image: 'a' } });
  const path = join(folder, 'app');
  expect(rulesOf(config, [])).toEqual([
    {
      ...{ service: 'web', context: path, path, action: 'sync+exec', target: '/srv' },
      ...{ ignore: ['x/'], include: [], exec: { command: ['make', '-j', 'a b'] } },
    },
  ]);
});

it('refuses what cannot be watched', () => {
  const rebuild = watch({ path: './app', action: 'rebuild' });
  expect(problem({ web: { image: 'a', ...rebuild } })).toMatch(
    /the image of web is not built from a Dockerfile/,
  );
  expect(problem({ web: { build: './app', ...rebuild } })).toBeUndefined();
  expect(problem({ web: { image: 'a' } })).toMatch(/no service says what to do/);
  expect(problem({ web: { build: './app', ...rebuild }, b: { image: 'a' } }, ['b'])).toMatch(
    /no service says/,
  );
  expect(problem({ web: { image: 'a', ...watch({ path: './no', action: 'restart' }) } })).toMatch(
    /cannot watch .*\/no: no such file/,
  );
  expect(problem({ web: { image: 'a', ...watch({ path: '.', action: 'sync' }) } })).toMatch(
    /compose\.yaml:1:\d+: .*sync needs a target/,
  );
  expect(
    problem({ web: { image: 'a', ...watch({ path: '.', action: 'sync+exec', target: '/a' }) } }),
  ).toMatch(/sync\+exec needs a command/);
});

it('leaves out what the rule, the build context and editors leave out', () => {
  const rule = {
    path: './app/src',
    action: 'rebuild',
    ignore: ['gen/'],
    include: ['**/*.ts', '*.log'],
  };
  const [first] = rulesOf(configOf({ web: { build: './app', ...watch(rule) } }), []);
  if (!first) throw new Error('there is no rule');
  const { ignores, prunes } = filterOf(first);
  const files = ['a.ts', 'b/c.ts', 'a.js', 'x.log', 'gen/a.ts', '.git/a.ts', '.a.ts.swp', 'a.ts~'];
  expect(files.filter((each) => !ignores(each))).toEqual(['a.ts', 'b/c.ts']);
  // a pattern takes some of it back
  expect(prunes('gen')).toBe(false);
  expect(filterOf({ ...first, context: '/elsewhere' }).prunes('gen')).toBe(true);
});
