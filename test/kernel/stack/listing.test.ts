import { expect, it } from 'vitest';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { appliedStack, PAIR, SERVER } from './stack.js';

const FARM = {
  ...PAIR,
  name: 'many',
  volumes: {},
  containers: {
    one: { ...SERVER, labels: { tier: 'front' }, bridges: { front: {} } },
    web: { ...SERVER, replicas: 2, bridges: { front: {} } },
    job: { image: 'box', command: ['busybox', 'true'], restart: 'no' },
  },
  images: { box: SMALL_IMAGE },
};
const use = appliedStack(FARM);

it('lists stacks with their status and file', async () => {
  const stack = use();
  await expect
    .poll(() => stack.done('ls'))
    .toMatch(/^NAME +ENGINE +STATUS +FILE\nmany +local +exited\(1\), running\(3\) +\//);
  expect(await stack.done('ls', '-q')).toBe('many\n');
  const [listed] = JSON.parse(await stack.done('ls', '--json'));
  expect(listed).toMatchObject({
    name: 'many',
    engine: 'local',
    containers: { exited: 1, running: 3 },
    file: stack.file,
  });
});

it('lists by name, filter, service and template', async () => {
  const stack = use();
  expect(await stack.done('ps', '-q', 'web')).toBe('web-1\nweb-2\n');
  expect(await stack.done('ps', '--services')).toBe('one\nweb\njob\n');
  expect(await stack.done('ps', '--services', '--filter', 'status=running')).toBe('one\nweb\n');
  expect(await stack.done('ps', '--filter', 'label=tier', '--format', '{{.Name}} {{.State}}')).toBe(
    'one running\n',
  );
  expect((await stack.run('ps', 'nobody')).stderr).toContain('cannot list container nobody');
});

it('runs in one instance of a service, and shows the processes of all', async () => {
  const stack = use();
  const hostname = ['busybox', 'hostname'];
  expect(await stack.done('exec', 'web', ...hostname)).toBe('web-1\n');
  expect(await stack.done('exec', '--index', '2', 'web', ...hostname)).toBe('web-2\n');
  const third = await stack.run('exec', '--index', '3', 'web', ...hostname);
  expect(third).toMatchObject({ code: 1, stdout: '' });
  expect(third.stderr).toContain('cannot find instance 3 of web\n  There is: web-1, web-2');
  const top = JSON.parse(await stack.done('top', '--json')) as { name: string }[];
  expect(top.map(({ name }) => name)).toEqual(['one', 'web-1', 'web-2']);
  expect((await stack.run('top', 'job')).stderr).toContain('it is not running');
});
