import { expect, it } from 'vitest';
import type { Event, Outcome } from '../../src/model/events.js';
import type { Change, Plan } from '../../src/model/plan.js';
import { openView } from '../../src/view/open.js';
import type { ViewOptions } from '../../src/view/view.js';

const change = (address: Change['address'], action: Change['action'], rest: Partial<Change> = {}) =>
  ({ address, action, reasons: ['new'], differences: [], drift: false, ...rest }) satisfies Change;

const planOf = (...changes: Change[]): Plan => ({ stack: 'shop', changes, units: [] });

const outcomeOf = (rest: Partial<Outcome> = {}): Outcome => ({
  status: 'done',
  counts: { added: 1, changed: 0, destroyed: 0, forgotten: 0 },
  failed: [],
  skipped: [],
  ms: 12,
  ...rest,
});

const failure = {
  unit: 'put container.b',
  address: 'container.b',
  error: 'cannot start it:\nno space',
  hint: 'Make room.',
} as const;
const skips = [
  { unit: 'put container.c', address: 'container.c', cause: 'container.b failed' },
  { unit: 'put container.d', address: 'container.d', cause: 'container.b failed' },
] as const;

/** What a view writes while it goes through a whole run. */
async function shown(
  style: ViewOptions['style'],
  plan: Plan,
  events: Event[] = [],
  outcome = outcomeOf(),
  destroy = false,
) {
  const written = { out: '', err: '' };
  const view = await openView({
    style,
    color: false,
    destroy,
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
  });
  await view.plan(plan);
  if (plan.changes.length === 0) return written;
  await view.start(plan);
  for (const event of events) view.event(event);
  await view.finish(plan, outcome);
  return written;
}

const about = { unit: 'put volume.a', address: 'volume.a', action: 'create' } as const;
const progress: Event[] = [
  { type: 'plan-started', stack: 'shop', units: 1 },
  { type: 'unit-started', ...about },
  {
    type: 'step-started',
    unit: about.unit,
    address: 'volume.a',
    verb: 'volume.make',
    reason: 'new',
  },
  { type: 'step-done', unit: about.unit, address: 'volume.a', verb: 'volume.make', ms: 300 },
  { type: 'unit-done', ...about, ms: 340 },
];

it('plain: plan and result on stdout, progress on stderr', async () => {
  expect(await shown('plain', planOf(change('volume.a', 'create')), progress)).toEqual({
    out: `baleine will perform the following actions:

  # volume.a will be created (new)
  + volume.a

Plan: 1 to add, 0 to change, 0 to destroy.

Apply complete! Resources: 1 added, 0 changed, 0 destroyed.
`,
    err: 'volume.a: creating…\nvolume.a: created (0.3 s)\n',
  });
});

it('plain: what a copy has cost, in the line of its container', async () => {
  const done: Event = { ...about, type: 'unit-done', ms: 340, notes: ['copied 180M'] };
  const { err } = await shown('plain', planOf(change('volume.a', 'create')), [done]);
  expect(err).toBe('volume.a: created (0.3 s, copied 180M)\n');
});

it('plain: failures with their hint, and skipped units by cause', async () => {
  const outcome = outcomeOf({ status: 'failed', failed: [failure], skipped: [...skips] });
  const plan = planOf(change('container.b', 'create'));
  const { out, err } = await shown('plain', plan, [], outcome);
  expect(err).toBe(`Error: container.b: cannot start it:
  no space
  Make room.
Not done (container.b failed): container.c, container.d
`);
  expect(out).toContain(
    'Apply failed. Resources: 1 added, 0 changed, 0 destroyed, 1 failed, 2 not done.\n',
  );
});

it('prints a common cause once', async () => {
  const others = ['container.x', 'container.y'] as const;
  const failed = [
    failure,
    ...others.map((address) => ({ unit: address, address, error: 'no ip' })),
  ];
  const outcome = outcomeOf({ status: 'failed', failed });
  const { err } = await shown('quiet', planOf(change('container.b', 'create')), [], outcome);
  expect(err).toContain('Error: container.x, container.y: no ip\n');
});

it('plain: a sentence for every kind of unit', async () => {
  const events: Event[] = (['update', 'delete', 'forget', 'refresh'] as const).flatMap((action) => [
    { type: 'unit-started', ...about, action },
    { type: 'unit-done', ...about, action, ms: 40 },
  ]);
  events.push({ type: 'unit-failed', ...about, error: 'no\nmore' });
  events.push({ type: 'unit-skipped', ...about, cause: 'interrupted' });
  expect((await shown('plain', planOf(change('volume.a', 'update')), events)).err).toBe(
    [
      'volume.a: updating…',
      'volume.a: updated (0.0 s)',
      'volume.a: destroying…',
      'volume.a: destroyed (0.0 s)',
      'volume.a: forgetting…',
      'volume.a: forgotten (0.0 s)',
      'volume.a: refreshing…',
      'volume.a: refreshed (0.0 s)',
      'volume.a: failed: no',
      'volume.a: not done: interrupted',
      '',
    ].join('\n'),
  );
});

it('has its own messages for destroy', async () => {
  const counts = { added: 0, changed: 0, destroyed: 2, forgotten: 1 };
  const outcome = outcomeOf({ status: 'interrupted', counts });
  const { out } = await shown('plain', planOf(change('volume.a', 'delete')), [], outcome, true);
  expect(out).toContain('Destroy interrupted. Resources: 2 destroyed, 1 forgotten.\n');
  expect((await shown('plain', planOf(), [], outcome, true)).out).toBe(
    'No objects need to be destroyed.\n',
  );
});

it('json: changes, the summary, every event; only objects, one per line', async () => {
  const difference = {
    attribute: 'limits.memory',
    before: 1,
    after: 2,
    cause: 'file',
    effect: 'update',
    reason: 'more',
  } as const;
  const plan = planOf(
    change('volume.a', 'replace', { differences: [difference], drift: true }),
    change('volume.b', 'create', { spec: { path: '/b' } }),
  );
  const { out, err } = await shown('json', plan, progress);
  expect(err).toBe('');
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.slice(0, 3)).toEqual([
    {
      type: 'change',
      address: 'volume.a',
      action: 'replace',
      reasons: ['new'],
      differences: [difference],
      drift: true,
    },
    {
      type: 'change',
      address: 'volume.b',
      action: 'create',
      reasons: ['new'],
      differences: [],
      drift: false,
      spec: { path: '/b' },
    },
    { type: 'plan', stack: 'shop', add: 2, change: 0, destroy: 1, forget: 0 },
  ]);
  expect(lines.slice(3)).toEqual(progress);
});

it('json: an empty plan is one line', async () => {
  expect((await shown('json', planOf())).out).toBe(
    '{"type":"plan","stack":"shop","add":0,"change":0,"destroy":0,"forget":0}\n',
  );
});

it('counts refreshed resources when nothing else was done', async () => {
  const counts = { added: 0, changed: 0, destroyed: 0, forgotten: 0, refreshed: 1 };
  const plan = planOf(change('hosts.a', 'refresh'));
  const { out } = await shown('plain', plan, [], outcomeOf({ counts }));
  expect(out).toContain('Apply complete! Resources: 0 added, 0 changed, 0 destroyed, 1 refreshed.');
  expect((await shown('json', plan)).out).toContain('"forget":0,"refresh":1}');
});

it('quiet: no output when nothing or only derived files changed', async () => {
  expect(await shown('quiet', planOf())).toEqual({ out: '', err: '' });
  expect(await shown('quiet', planOf(change('hosts.a', 'refresh')), progress)).toEqual({
    out: '',
    err: '',
  });
});

it('quiet: healed and changed resources with reasons, failures on stderr', async () => {
  const plan = planOf(
    change('container.a', 'update', { drift: true, reasons: ['process 4121 is gone'] }),
    change('container.b', 'create'),
    change('container.c', 'update'),
    change('container.e', 'replace', { reasons: ['args changed', 'user changed'] }),
    change('volume.x', 'forget', { drift: true, reasons: ['it is gone from the host'] }),
  );
  const outcome = outcomeOf({ status: 'failed', failed: [failure], skipped: [...skips] });
  expect(await shown('quiet', plan, progress, outcome)).toEqual({
    out: `baleine shop:
  container.a healed: process 4121 is gone
  container.e replaced: args changed, user changed
  volume.x forgotten: it is gone from the host
`,
    err: `Error: container.b: cannot start it:
  no space
  Make room.
Not done (container.b failed): container.c, container.d
`,
  });
});

const undone: Event[] = [
  { type: 'rollback-started', service: 'web', cause: 'container.a: it ended with 3' },
  { type: 'rollback-finished', service: 'web', ms: 9, result: 'done' },
  { type: 'rollback-finished', service: 'web', ms: 9, result: 'failed', error: 'no image' },
];

it.each(['plain', 'quiet', 'brief'] as const)('%s: reports a rolled-back update', async (style) => {
  const { err } = await shown(style, planOf(change('volume.a', 'update')), undone);
  expect(err).toBe(`Rolling back web: container.a: it ended with 3
Error: web is as it was before: what the file asks for was not put in place, and is not tried again until the file or image changes
Error: web is not rolled back: no image
`);
});
