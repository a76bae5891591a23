import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lackingRoot } from '../support/skip.js';
import { Built } from './built.js';

const built = new Built();
beforeAll(() => built.build());
afterAll(() => built.remove());

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const commands = [
  ...['plan', 'apply', 'destroy', 'ps', 'stats', 'logs', 'exec', 'container', 'image', 'network'],
  ...['start', 'stop', 'restart', 'pause', 'unpause', 'kill', 'cp', 'top', 'inspect', 'run'],
  ...['scale', 'rollback', 'farm'],
  ...['graph', 'ui', 'events', 'state', 'import', 'cron', 'doctor', 'debug', 'completion'],
];

it.each(['--version', '-V'])('answers %s', async (option) => {
  expect(await built.baleine([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('lists every command in the help', async () => {
  const { code, stdout } = await built.baleine(['--help']);
  expect(code).toBe(0);
  for (const name of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  expect((await built.baleine(['help'])).stdout).toBe(stdout);
});

it.each(['plan', 'apply', 'ps', 'graph'])('helps with %s by an example', async (name) => {
  const { code, stdout } = await built.baleine(['help', name]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Examples?:\n {2}baleine /m);
});

it('suggests the intended word', async () => {
  const typo = await built.baleine(['aplly']);
  expect(typo).toMatchObject({ code: 1, stdout: '' });
  expect(typo.stderr).toContain("unknown command 'aplly'");
  expect(typo.stderr).toContain('did you mean "apply"?');
  const option = await built.baleine(['apply', '--auto-aprove']);
  expect(option).toMatchObject({ code: 1, stdout: '' });
  expect(option.stderr).toContain('did you mean "--auto-approve"?');
});

it.each([
  [['plan', '--target', 'web'], 'An address is image, bridge'],
  [['plan', '--target', 'container.a b'], 'An address is'],
  [['plan', '--refresh=maybe'], 'true or false.'],
  [['apply', '--parallelism', '0'], 'A number from 1 up.'],
  [['apply', '--lock-timeout', 'soon'], 'A duration is like 30s'],
  [['ps', '--stack', 'a', '--stack', 'b'], 'cannot take several --stack: a, b'],
  [['plan', '--no\nError: such\x1b[2J\u202e'], "'--no\\u000aError: such\\u001b[2J\\u202e'\n"],
  [['plan', 'one\x9b'], 'too many arguments'],
])('refuses %j', async (args, message) => {
  const { code, stdout, stderr } = await built.baleine(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(message);
});

it.skipIf(lackingRoot()).each([[['plan']], [['apply', '-y']], [['destroy', '-y']], [['ps']]])(
  'wants root for %j, and says how',
  async (args) => {
    expect(await built.baleine(args, { uid: 65534 })).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: baleine must run as root\n  sudo baleine ${args.join(' ')}\n`,
    });
  },
);
