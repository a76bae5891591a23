import { expect, it } from 'vitest';
import { diskFile, netnsPath, rootfsDir, vethLink } from '../../src/model/install-paths.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const FILE = `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  web: { image: base, bridges: [front], limits: { memory: 64M } }
  other: { image: base, bridges: [front] }
`;
const NOTHING = 'No changes. Your infrastructure matches the configuration.';

const stop = (spec: ContainerSpec): ContainerSpec => ({ ...spec, stopped: true });
const start = ({ stopped: _stopped, ...spec }: ContainerSpec): ContainerSpec => spec;

async function stopped(): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  await stack.executePlan(stack.planRecorded('one', 'web', stop));
  return stack;
}

const verbsOf = ({ units }: ReturnType<MemoryStack['plan']>) =>
  units.flatMap(({ steps }) => steps.map(({ verb }) => verb));

it('keeps only the disk of a stopped container', async () => {
  const { host, paths } = await stopped();
  expect([...host.running.keys()]).toEqual(['one.other']);
  expect(host.files.has(diskFile(paths, 'one.web'))).toBe(true);
  expect(host.mounts.has(rootfsDir(paths, 'one.web'))).toBe(false);
  expect(host.mounts.has(netnsPath(paths, 'one.web'))).toBe(false);
  expect(host.links.has(vethLink(paths, 'one.web', 'front'))).toBe(false);
});

it('leaves a stopped container alone on apply, also after a reboot', async () => {
  const stack = await stopped();
  expect(stack.planText(FILE)).toBe(NOTHING);
  stack.host.reboot();
  expect(stack.plan(FILE).changes.map(({ address }) => address)).not.toContain('container.web');
});

it('records changes to a stopped container without starting it', async () => {
  const stack = await stopped();
  const text = FILE.replace('memory: 64M', 'memory: 96M');
  expect(verbsOf(stack.plan(text))).toEqual([]);
  await stack.apply(text);
  expect(stack.planText(text)).toBe(NOTHING);

  const replaced = text.replace(
    'image: base, bridges: [front], l',
    'image: base, user: "5", bridges: [front], l',
  );
  await stack.apply(replaced);
  expect([...stack.host.running.keys()]).toEqual(['one.other']);
  await stack.executePlan(stack.planRecorded('one', 'web', start));
  expect(stack.host.cgroups.get(`/baleine/${stack.paths.tag}/one.web`)?.memory).toBe(96 * 2 ** 20);
  expect(stack.planText(replaced)).toBe(NOTHING);
});

it('starts on the same disk with the same address', async () => {
  const stack = await stopped();
  const plan = stack.planRecorded('one', 'web', start);
  expect(plan.changes.map(({ address, reasons }) => [address, reasons])).toEqual([
    ['container.web', ['state stopped → running']],
  ]);
  await stack.executePlan(plan);
  expect(stack.host.running.has('one.web')).toBe(true);
  expect(stack.planText(FILE)).toBe(NOTHING);
});

it('completes an interrupted stop', async () => {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  const plan = stack.planRecorded('one', 'web', stop);
  const [unit] = plan.units;
  if (!unit) throw new Error('nothing to stop');
  await stack.executePlan({ ...plan, units: [{ ...unit, steps: unit.steps.slice(0, 1) }] });
  const again = stack.planRecorded('one', 'web', stop);
  expect(verbsOf(again)).toEqual(['container.stop', 'container.disconnect', 'container.unmount']);
});

it('neither starts nor stops a one-off container', async () => {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  const one_off = { pid: 41, start_time: 7, boot_id: 'boot-1' };
  const mark = (spec: ContainerSpec): ContainerSpec => ({ ...spec, stopped: true, one_off });
  stack.rows = stack.rows.map((row) =>
    row.name === 'web' ? { ...row, spec: mark(row.spec as ContainerSpec) } : row,
  );
  const asRecorded = () => stack.planRecorded('one', 'web', (spec) => spec);
  const left = [
    { address: 'container.web', text: 'is a one-off container of baleine run, process 41' },
  ];
  expect(asRecorded()).toMatchObject({ changes: [], notes: left });
  stack.host.end('one.web', 0);
  expect(asRecorded()).toMatchObject({ changes: [], notes: left });
});
