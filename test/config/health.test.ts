import { describe, expect, it } from 'vitest';
import { places, read } from './read.js';

const file = (web: string, db = 'image: i') => `name: x
images: { i: { from: { tar: x } } }
containers:
  web: { image: i, ${web} }
  db: { ${db} }
`;

describe('healthcheck', () => {
  it('is expanded, with defaults', () => {
    const { healthcheck, heal } = read(file('healthcheck: { http: { port: 80 } }')).containers
      .web as object as Record<string, unknown>;
    expect({ healthcheck, heal }).toEqual({
      healthcheck: {
        http: { port: 80, path: '/', status: '200-399' },
        interval: 30_000,
        timeout: 2000,
        retries: 3,
        start_period: 0,
        on_failure: 'restart',
      },
      heal: 'cron',
    });
  });

  it.each([
    ['healthcheck: { exec: wget x }', { exec: ['/bin/sh', '-c', 'wget x'] }],
    ['healthcheck: { test: ["CMD", wget, x] }', { exec: ['wget', 'x'] }],
    ['healthcheck: { test: ["CMD-SHELL", wget x] }', { exec: ['/bin/sh', '-c', 'wget x'] }],
    ['healthcheck: { test: wget x }', { exec: ['/bin/sh', '-c', 'wget x'] }],
    ['healthcheck: { tcp: 1, start_interval: 1s }', { tcp: 1, start_interval: 1000 }],
    ['healthcheck: { tcp: 1 }, restart: "no"', { tcp: 1, on_failure: 'none' }],
    [
      'healthcheck: { http: { port: 1, status: 204 } }',
      { http: { port: 1, path: '/', status: '204' } },
    ],
  ])('%s', (web, expected) => {
    expect(read(file(web)).containers.web?.healthcheck).toMatchObject(expected);
  });

  it.each([
    ['healthcheck: {}', '4:20: a healthcheck asks something'],
    ['healthcheck: { tcp: 1, exec: [a] }', '4:20: a healthcheck asks once'],
    ['healthcheck: { tcp: 1, disable: true }', '4:20: a disabled healthcheck asks nothing'],
    ['healthcheck: { tcp: 1, test: a }', '4:20: a healthcheck asks once'],
    ['healthcheck: { test: [wget, x] }', '4:41: a test begins with CMD, CMD-SHELL or NONE'],
    ['healthcheck: { test: [CMD-SHELL, a, b] }', '4:41: a test begins with CMD, CMD-SHELL or NONE'],
    ['healthcheck: { test: [CMD] }', '4:41: a test begins with CMD, CMD-SHELL or NONE'],
    ['healthcheck: { timeout: 0s }', '4:44: a timeout is more than 0s'],
    ['healthcheck: { exec: [] }', '4:41: a command has at least one word'],
    ['healthcheck: { tcp: 1, timeout: 0s }', '4:52: a timeout is more than 0s'],
    [
      'healthcheck: { http: { port: 1, status: 500-200 } }',
      '4:60: the range 500-200 ends before it begins',
    ],
    [
      'healthcheck: { http: { port: 1, path: "/a b" } }',
      '4:58: containers.web.healthcheck.http.path must be a path such as /healthz, not "/a b"',
    ],
    [
      'depends_on: { db: { condition: service_healthy } }',
      '4:34: db has no healthcheck, and so is never healthy',
    ],
    [
      'depends_on: { db: { condition: service_completed_successfully } }',
      '4:34: db is started again whenever it ends',
    ],
  ])('%s', (web, message) => {
    expect(places(file(web))).toEqual([message]);
  });

  it('without a test changes the image’s', () => {
    const web = (text: string) => read(file(`healthcheck: ${text}`)).containers.web;
    expect(web('{ disable: true }')).toMatchObject({ image_health: { disable: true } });
    expect(web('{ test: [NONE], retries: 2 }')?.image_health).toEqual({ disable: true });
    expect(web('{ on_failure: stop, timeout: 3s }')?.image_health).toEqual({
      on_failure: 'stop',
      timeout: 3000,
    });
    const waits = 'depends_on: { db: { condition: service_healthy } }';
    expect(read(file(waits, 'image: i, healthcheck: { retries: 2 }'))).toBeDefined();
    expect(places(file(waits, 'image: i, healthcheck: { disable: true }'))).toEqual([
      '4:34: db has no healthcheck, and so is never healthy',
    ]);
  });

  it.each([
    ['no', { name: 'no' }],
    ['always', { name: 'always' }],
    ['unless-stopped', { name: 'always' }],
    ['on-failure', { name: 'on-failure' }],
    ['on-failure:3', { name: 'on-failure', max: 3 }],
  ])('restart: %s', (policy, expected) => {
    expect(read(file(`restart: "${policy}"`)).containers.web?.restart).toEqual(expected);
  });

  it('of another container, or its end, can be a condition', () => {
    const wait = (condition: string) => `depends_on: { db: { condition: ${condition} } }`;
    const [healthy, completed] = ['service_healthy', 'service_completed_successfully'].map(wait);
    expect(
      read(file(healthy ?? '', 'image: i, healthcheck: { tcp: 1 }')).containers.web,
    ).toBeDefined();
    expect(read(file(completed ?? '', 'image: i, restart: "no"')).containers.web).toBeDefined();
  });
});
