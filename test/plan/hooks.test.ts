import { expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';
import { addressOf } from '../../src/model/address.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (web: string) => `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
containers:
  web: { image: base${web} }
`;

const HOOKS = ', post_start: [{ command: [warm, up] }], pre_stop: [{ command: [log, out] }]';
const NOTHING = 'No changes. Your infrastructure matches the configuration.';
const options = {
  restart: [addressOf('container', 'web')],
  targets: [addressOf('container', 'web')],
};

const rowOf = (stack: MemoryStack) => stack.rows.find(({ name }) => name === 'web');
const outcome = (stack: MemoryStack) => stack.events.at(-1);

async function applied(text: string): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(text);
  expect(stack.planText(text)).toBe(NOTHING);
  return stack;
}

it('a plan shows them; post_start replaces, and pre_stop is recorded', async () => {
  const stack = await applied(file(''));
  expect(
    stack.planText(
      file(', post_start: [{ command: [warm, up], user: 33, environment: { A: 1 } }]'),
    ),
  ).toBe(`baleine will perform the following actions:

  # container.web must be replaced (post_start added)
-/+ container.web
      + post_start: ["command=[\\"warm\\",\\"up\\"],user=33,environment=A=1"]  # forces replacement

Plan: 1 to add, 0 to change, 1 to destroy.`);
  const text = file(', pre_stop: [{ command: log out, working_dir: /srv }]');
  expect(stack.planText(text)).toBe(`baleine will perform the following actions:

  # container.web will be updated in-place (pre_stop added)
  ~ container.web
      + pre_stop: ["command=[\\"/bin/sh\\",\\"-c\\",\\"log out\\"],working_dir=/srv"]

Plan: 0 to add, 1 to change, 0 to destroy.`);
  expect(stack.plan(text).units.flatMap(({ steps }) => steps)).toEqual([]);
});

it.each([
  [
    '{ command: [id], privileged: true }',
    'must be false (a command never has more rights than its container, which has cap_add)',
  ],
  ['{ command: [] }', 'the command is empty'],
  ['{ command: [id], working_dir: srv }', 'must be an absolute path'],
  ['{ user: root }', 'command'],
])('%s is refused with its line', (hook, cause) => {
  const plan = () => new MemoryStack().plan(file(`, pre_stop: [${hook}]`));
  expect(plan).toThrow(/^baleine\.yaml:5:\d+: /);
  expect(plan).toThrow(cause);
});

it('a Compose file has its commands split into words, and its booleans as text', () => {
  const text = `name: one
services:
  web:
    image: docker.io/library/busybox
    network_mode: none
    post_start: [{ command: "sh -c 'echo a b'", privileged: "false", environment: [A=1] }]
`;
  const source = { file: 'compose.yaml', text, env: {}, directory: '/srv' };
  expect(loadConfig(source).containers.web?.post_start).toEqual([
    { command: ['sh', '-c', 'echo a b'], environment: { A: '1' } },
  ]);
});

it('run at each start and before each stop', async () => {
  const text = file(HOOKS);
  const stack = await applied(text);
  const ran = (...commands: string[]) => {
    expect(stack.host.executed.splice(0)).toEqual(commands.map((each) => `one.web: ${each}`));
  };
  ran('warm up');
  await stack.executePlan(stack.plan(text, options));
  ran('log out', 'warm up');
  stack.host.end('one.web', 1);
  await stack.apply(text);
  ran('warm up');
  await stack.apply(file(`${HOOKS}, environment: { A: '1' }`));
  ran('log out', 'warm up');
  await stack.executePlan(stack.planDestroy('one'));
  ran('log out');
  expect(stack.rows).toEqual([]);
});

it('a failed pre_stop is a warning', async () => {
  const text = file(HOOKS);
  const stack = await applied(text);
  stack.host.failing.add('log out');
  await stack.executePlan(stack.planDestroy('one'));
  expect(outcome(stack)).toMatchObject({
    status: 'done',
    warnings: [
      {
        address: 'container.web',
        error:
          'is stopped although it cannot run pre_stop of one.web: log out: exit code 1: log out\\u001b[2J; end',
      },
    ],
  });
  expect(stack.host.running.size).toBe(0);
});

it('without them, everything is recorded as ever', async () => {
  const stack = await applied(file(', post_start: [], pre_stop: []'));
  const spec = rowOf(stack)?.spec as ContainerSpec;
  expect(JSON.stringify(spec)).not.toMatch(/post_start|pre_stop/);
  const [, , stop] = stack.plan(file(''), options).units.flatMap(({ steps }) => steps);
  expect(Object.keys(stop?.args ?? {})).not.toContain('pre_stop');
});

it.each(['always', '"no"'])('a failed post_start stops it, with restart: %s', async (policy) => {
  const text = file(`${HOOKS}, restart: ${policy}`);
  const stack = new MemoryStack();
  stack.host.failing.add('warm up');
  const failed = async () => {
    await stack.executePlan(stack.plan(text));
    expect(outcome(stack)).toMatchObject({
      status: 'failed',
      failed: [
        {
          error: 'cannot run post_start of one.web: warm up: exit code 1: warm up\\u001b[2J; end',
        },
      ],
    });
    expect(stack.host.running.size).toBe(0);
  };
  await failed();
  await failed();
  stack.host.failing.clear();
  await stack.apply(text);
  expect(stack.planText(text)).toBe(NOTHING);

  stack.host.end('one.web', 0);
  stack.host.failing.add('warm up');
  await stack.executePlan(stack.plan(text, options));
  expect(stack.planText(text)).toBe(`Changes outside baleine were found:

  # container.web will be updated in-place (unfinished: the last run failed: cannot run post_start of one.web: warm up: exit code 1: warm up\\u001b[2J; end, process was never started)
  ~ container.web

Plan: 0 to add, 1 to change, 0 to destroy.`);
  stack.host.failing.clear();
  await stack.apply(text);
  expect(stack.host.running.has('one.web')).toBe(true);
});
