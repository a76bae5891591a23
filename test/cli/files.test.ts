import { afterAll, beforeAll, expect, it } from 'vitest';
import { lackingRoot } from '../support/skip.js';
import { Built } from './built.js';

const built = new Built();
beforeAll(() => built.build());
afterAll(() => built.remove());

const NETWORK = 'networks: { default: { internal: true } }\n';
const COMPOSE = `name: shop\n${NETWORK}services:\n  web: { image: "web:1", attach: false }\n  db: { image: db }\n`;
const WARNING = 'compose.yaml:4:26: attach has no effect: ';

/** Needs no root, and has none where the tests can give it up. */
const baleine = (...args: string[]) =>
  built.baleine(['-f', built.path('compose.yaml'), ...args], lackingRoot() ? {} : { uid: 65534 });

it('validate counts services, and shows warnings and errors with their places', async () => {
  built.write('compose.yaml', COMPOSE);
  expect(await baleine('validate')).toEqual({
    code: 0,
    stdout: expect.stringMatching(/compose\.yaml is valid: 2 services\n$/),
    stderr: expect.stringContaining(WARNING),
  });
  expect(await baleine('validate', '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
  built.write('compose.yaml', `${COMPOSE}  bad: { imag: x }\n`);
  expect(await baleine('validate', '-q')).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Error: .*compose\.yaml:6:10: /),
  });
});

it('config prints the whole file, or lists', async () => {
  built.write('compose.yaml', COMPOSE);
  expect((await baleine('config')).stdout).toContain('services:\n  web:\n    image: web:1\n');
  expect((await baleine('config', '--services')).stdout).toBe('web\ndb\n');
  expect((await baleine('config', '--images')).stdout).toBe('web:1\ndb\n');
  expect(JSON.parse((await baleine('config', '--json')).stdout)).toMatchObject({
    name: 'shop',
    services: { db: { image: 'db' } },
  });
});

it('convert names what is lost, in both directions', async () => {
  built.write('compose.yaml', COMPOSE);
  const { stdout, stderr } = await baleine('convert');
  expect(stdout).toMatch(/^# lost: .*compose\.yaml:4:26: attach has no effect: .*\nname: shop\n/);
  expect(stderr).toMatch(/^lost: .*compose\.yaml:4:26: attach has no effect: .*\n$/);
  built.write(
    'compose.yaml',
    stdout.replace('image: web-1\n', 'image: web-1\n    heal: immediate\n'),
  );
  const back = await baleine('convert');
  expect(back).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^name: shop\nservices:\n/),
  });
  expect(back.stderr).toMatch(/^lost: .*:\d+:\d+: web\.heal has no word in Compose/m);
  expect((await baleine('convert', '--to', 'baleine')).stdout).toMatch(/^name: shop\nimages:\n/);
});
