import { expect, it } from 'vitest';
import { RUN } from '../../src/kinds/job/index.js';
import type { Row } from '../../src/model/resource.js';
import { following } from '../../src/model/schedule.js';
import type { ContainerSpec, JobSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (job: string, more = '') => `name: shop
images:
  box: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] }
bridges: { back: { subnet: 10.0.0.0/24 } }
volumes: { data: {} }
${more}jobs:
  report: { image: box, bridges: [back], volumes: ["data:/data"], ${job} }
`;

const JOB = 'schedule: "*/15 * * * *", timezone: Europe/Paris, timeout: 10m, retries: 2';

it('is created with its schedule and the container of its runs, which does not run', async () => {
  const stack = new MemoryStack();
  expect(stack.planText(file(JOB)).replace(/\/var\/lib\/baleine/g, 'ROOT')).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # image.box will be created (new)
      + image.box
          + size: 64M
          + from.host.binaries: ["/bin/busybox"]
          + command: ["busybox"]

      # bridge.back will be created (new)
      + bridge.back
          + subnet: 10.0.0.0/24

      # volume.data will be created (new, seeded from /data of image box)
      + volume.data
          + path: ROOT/volumes/shop/data

      # job.report will be created (new)
      + job.report
          + schedule: */15 * * * *
          + timezone: Europe/Paris
          + timeout: 10m
          + retries: 2
          + image: box
          + command: ["busybox"]
          + bridges.back: 10.0.0.1/24
          + volumes: ["ROOT/volumes/shop/data:/data"]

    Files derived from others follow for: hosts.back-d2aa69

    Plan: 4 to add, 0 to change, 0 to destroy."
  `);
  await stack.apply(file(JOB));
  expect(stack.plan(file(JOB)).changes).toEqual([]);
  expect(stack.rows.map(({ kind, name }) => `${kind}.${name}`)).not.toContain('container.report');
});

it('changes in its record only', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(JOB));
  const changed = file(
    'schedule: "@daily", image: box, environment: { A: "1" }, concurrency: replace',
  ).replace('image: box, bridges', 'bridges');
  expect(stack.planText(changed)).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # job.report will be updated in-place (schedule */15 * * * * → @daily, timezone Europe/Paris → (none), timeout 10m → (none), retries 2 → 0, concurrency forbid → replace, environment changed)
      ~ job.report
          ~ schedule: */15 * * * * → @daily
          - timezone: Europe/Paris
          - timeout: 10m
          ~ retries: 2 → 0
          ~ concurrency: forbid → replace
          + environment.A: 1

    Plan: 0 to add, 1 to change, 0 to destroy."
  `);
  await stack.apply(changed);
  expect(stack.plan(changed).changes).toEqual([]);
});

it('is removed with its logs', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(JOB));
  const without = file(JOB).split('jobs:')[0] ?? '';
  expect(stack.planText(without)).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # job.report will be destroyed (no longer in the file)
      - job.report
          - schedule: */15 * * * *
          - timezone: Europe/Paris
          - timeout: 10m
          - retries: 2
          - image: box
          - command: ["busybox"]
          - bridges.back: 10.0.0.1/24
          - volumes: ["/var/lib/baleine/volumes/shop/data:/data"]

    Files derived from others follow for: hosts.back-d2aa69

    Plan: 0 to add, 0 to change, 1 to destroy."
  `);
});

it('has an address of its own, whether or not a run of it goes on', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(JOB));
  const more = 'containers: { web: { image: box, bridges: [back] } }\n';
  await stack.apply(file(JOB, more));
  const addresses = () =>
    stack.rows
      .map(({ kind, spec }) =>
        kind === 'job' ? (spec as JobSpec).container : (spec as ContainerSpec),
      )
      .flatMap(({ links = [] }) => links.map(({ address }) => address));
  expect(addresses().sort()).toEqual(['10.0.0.1/24', '10.0.0.2/24']);
  const job = stack.rows.find(({ kind }) => kind === 'job') as Row<JobSpec>;
  const spec = { ...job.spec.container, run: { number: 1 } };
  stack.rows = [...stack.rows, { ...job, kind: 'container', spec, facts: {} } as never];
  const { changes } = stack.plan(file(JOB, more));
  expect(changes.filter(({ address }) => address !== 'container.report')).toEqual([]);
});

it('is named in each plan while it fails', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(JOB));
  const schedule = { cron: '*/15 * * * *', timezone: 'Europe/Paris' };
  const failing = {
    ...following(schedule, undefined, 0),
    failure: 'its last run failed: exit code 3 (baleine job logs report)',
  };
  stack.rows = stack.rows.map((row) =>
    row.kind === 'job' ? { ...row, facts: { due: { [RUN]: failing } } } : row,
  );
  expect(stack.planText(file(JOB))).toMatchInlineSnapshot(`
    "No changes. Your infrastructure matches the configuration.

    Left as it is:
      job.report is failing: its last run failed: exit code 3 (baleine job logs report)"
  `);
});
