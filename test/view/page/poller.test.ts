import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Sections, Watch } from '../../../src/view/page/poller.js';

function counting(pause: number) {
  let looks = 0;
  const watch = new Watch(async () => ({ state: String(++looks) }), pause);
  return { watch, looks: () => looks };
}

it('observes once for all viewers, and not without viewers', async () => {
  const { watch, looks } = counting(10);
  const seen: Sections[][] = [[], []];
  const ends = seen.map((list) => watch.add((sections) => list.push(sections)));
  await expect.poll(() => seen[1]?.length).toBeGreaterThan(2);
  for (const end of ends) end();
  await sleep(30);
  const before = looks();
  await sleep(50);
  expect(looks()).toBe(before);
  expect(seen[0]).toEqual(seen[1]);

  const again = watch.add((sections) => seen[0]?.push(sections));
  await expect.poll(looks).toBeGreaterThan(before);
  again();
});

it('observes again only when the last update is stale', async () => {
  const { watch } = counting(50);
  expect(await watch.now()).toEqual({ state: '1' });
  expect(await watch.now()).toEqual({ state: '1' });
  await sleep(60);
  expect(await watch.now()).toEqual({ state: '2' });
});
