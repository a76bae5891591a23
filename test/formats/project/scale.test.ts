import { expect, it } from 'vitest';
import { problems, read, withContainers } from './stack.js';

const COMPOSE = `services:
  web: { image: a, ports: ["127.0.0.1:8080:80"], deploy: { replicas: 1 } }
  job: { image: a }
`;

it('gives a service of a compose file another number of replicas', () => {
  const { root } = read({ 'compose.yaml': COMPOSE }, { scale: { job: 3, web: 2 } });
  expect(root.containers).toMatchObject({ job: { replicas: 3 } });
  expect(root.farms.web).toMatchObject({ servers: { replicas: 2, port: 80 } });
  expect(read({ 'compose.yaml': COMPOSE }, { scale: { job: 1 } }).root.containers.job).not.toEqual(
    expect.objectContaining({ replicas: expect.anything() }),
  );
});

it('does so in a baleine.yaml, and reports what cannot be', () => {
  const file = { 'baleine.yaml': withContainers('web: { image: base }') };
  expect(read(file, { scale: { web: 2 } }).root.containers.web.replicas).toBe(2);
  expect(read(file, { scale: { web: 1 } }).root.containers.web.replicas).toBeUndefined();
  const published = withContainers('web: { image: base, publish: ["127.0.0.1:80:80"] }');
  const { length } = problems({ 'baleine.yaml': published }, { scale: { web: 2 } });
  expect(length).toBeGreaterThan(0);
});

it('activates all profiles of a service that is named', () => {
  const text = withContainers(
    '{ a: { image: base, profiles: [x] }, b: { image: base, profiles: [x] }, c: { image: base, profiles: [y] } }',
  );
  const { config } = read({ 'baleine.yaml': text }, { named: ['a'] });
  expect([Object.keys(config.containers), config.inactive]).toEqual([['a', 'b'], ['c']]);
});
