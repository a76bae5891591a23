import { expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.js';
import { dotGraph } from '../../src/view/graph/dot.js';
import { htmlFile } from '../../src/view/graph/html.js';
import { mermaidGraph } from '../../src/view/graph/mermaid.js';
import { svgFile } from '../../src/view/graph/svg.js';
import { renderPlan } from '../../src/view/plan-text.js';
import { jsonView } from '../../src/view/progress/json.js';
import { renderTable } from '../../src/view/tables.js';
import { SHOP } from './graph/sample.js';

/** Whatever a terminal, a browser or a renderer would act on, and a line of its own. */
const EVIL = '\x1b]0;x\x07\x1b[2J\x9b31m\x7f\u202e\u2066\u2028\r\nFAKE';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const ACTS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|^FAKE/m;

/** A copy in which every text that is not one of a few words ends with all that. */
function poisoned<T>(value: T): T {
  const words = /^(up|down|missing|running|exited|good|wait|bad|idle|0\.0\.0\.0)$/;
  if (typeof value === 'string') return (words.test(value) ? value : `${value}${EVIL}`) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(poisoned) as T;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, poisoned(each)])) as T;
}

it.each([
  ['svg', () => svgFile(poisoned(SHOP), 'now')],
  ['html', () => htmlFile(poisoned(SHOP), 'now')],
  ['mermaid', () => mermaidGraph(poisoned(SHOP))],
  ['dot', () => dotGraph(poisoned(SHOP))],
])('draws %s of texts that act on nothing', (_format, draw) => {
  expect(draw()).toContain('FAKE');
  expect(draw()).not.toMatch(ACTS);
});

it('prints each cell on one line', () => {
  expect(renderTable([`A${EVIL}`], [[`b${EVIL}`]])).not.toMatch(ACTS);
});

const plan: Plan = {
  stack: 'shop',
  changes: [
    {
      address: 'container.a',
      action: 'create',
      reasons: [EVIL],
      differences: [],
      drift: false,
      spec: { args: [EVIL], environment: { [EVIL]: EVIL }, labels: { [EVIL]: EVIL } },
    },
    {
      address: 'container.b',
      action: 'update',
      reasons: ['changed'],
      drift: false,
      differences: [
        {
          attribute: 'labels',
          before: { [EVIL]: 'a' },
          after: { [EVIL]: EVIL },
          cause: 'file',
          effect: 'update',
          reason: EVIL,
        },
      ],
    },
  ],
  units: [],
  notes: [{ address: 'container.c', text: EVIL }],
};

it('escapes control characters in plans', async () => {
  expect(renderPlan(plan, { color: false })).not.toMatch(ACTS);
  let json = '';
  const out = (text: string) => {
    json += text;
  };
  await jsonView({ style: 'json', color: false, destroy: false, out, err: out }).plan(plan);
  expect(json).not.toMatch(ACTS);
  expect(JSON.parse(json.split('\n')[0] as string).reasons).toEqual([EVIL]);
});
