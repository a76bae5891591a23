import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Topology } from '../../../src/model/topology.js';
import { layOut } from '../../../src/view/graph/layout.js';
import type { Card, Picture } from '../../../src/view/graph/picture.js';
import { bigFarm, EMPTY, node, SHOP } from './sample.js';

/** Any number of containers, each on any bridges; the first few are a farm's servers. */
const topologies = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.array(fc.nat(63), { maxLength: 30 }), fc.nat(6))
  .map(([bridges, containers, servers]): Topology => {
    const names = Array.from({ length: bridges }, (_, index) => `b${index}`);
    const nodes = containers.map((bits, index) => {
      const on = names.filter((_, bridge) => bits & (1 << bridge));
      const addresses = Object.fromEntries(on.map((name) => [name, '10.0.0.1']));
      return node(`c${index}`, addresses, { on_host: on.length === 0 && index % 2 === 0 });
    });
    return {
      stack: 'any',
      bridges: names.map((name) => ({ name, state: 'up', isolated: true })),
      containers: nodes,
      farms: [
        { name: 'f', proxy: 'none', servers: nodes.slice(0, servers).map(({ name }) => name) },
      ],
      volumes: [],
    };
  });

it('has a card for every container and a line for every address, and nothing on top of another', () => {
  fc.assert(
    fc.property(topologies, fc.constantFrom(326, 668, 1096), (topology, room) => {
      const picture = layOut(topology, room);
      const names = picture.cards.map(({ container }) => container.name);
      expect(names.sort()).toEqual(topology.containers.map(({ name }) => name).sort());
      const addresses = topology.containers.flatMap((each) => Object.keys(each.addresses));
      expect(picture.wires).toHaveLength(addresses.length);
      expect(picture.width).toBeLessThanOrEqual(room);
      expect(overlaps(picture)).toEqual([]);
      expect(picture.wires.flatMap(({ path }) => crossings(path, picture))).toEqual([]);
    }),
  );
});

it('is as wide as it needs, and its rows are about as long', () => {
  expect(layOut(EMPTY, 1096)).toMatchObject({ height: 0, cards: [] });
  expect(layOut(bigFarm(3), 1096, 520).width).toBeLessThan(1000);
  expect(layOut(bigFarm(3), 1096).width).toBe(1096);
  const seven = layOut(bigFarm(7), 1096).cards.filter(({ container }) =>
    container.name.includes('server'),
  );
  expect(Math.max(...seven.map(({ column }) => column))).toBe(3);
});

it('gives two lines from one card separate ends', () => {
  const { wires, cards } = layOut(SHOP, 326);
  const ends = wires.map(({ plug }) => `${plug.x} ${plug.y}`);
  const proxy = cards.find(({ container }) => container.name === 'web-proxy');
  expect(proxy?.bridges).toEqual(['front', 'lan', 'back']);
  expect(new Set(wires.slice(0, 3).map(({ path }) => path)).size).toBe(3);
  expect(ends.length).toBe(wires.length);
});

function overlaps({ cards, card: width, bars }: Picture): string[] {
  const apart = (a: Card, b: Card) =>
    a.x + width <= b.x || b.x + width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
  const pairs = cards.flatMap((a, index) =>
    cards.slice(index + 1).flatMap((b) => (apart(a, b) ? [] : [`${a.y} ${b.y}`])),
  );
  const behind = cards.filter((card) =>
    bars.some(({ y }) => y < card.y + card.height && card.y < y + 32),
  );
  return [...pairs, ...behind.map(({ y }) => `card at ${y} on a bar`)];
}

/** Cards that an upright part of a line runs through. */
function crossings(path: string, { cards, card: width }: Picture): string[] {
  return uprights(path).flatMap(({ x, from, to }) =>
    cards
      .filter((card) => x > card.x && x < card.x + width)
      .filter((card) => from < card.y + card.height && to > card.y)
      .map(({ container }) => `${path} runs through ${container.name}`),
  );
}

/** Follows M, H, V and the q of a corner. */
function uprights(path: string): { x: number; from: number; to: number }[] {
  const found: { x: number; from: number; to: number }[] = [];
  let [x, y] = [0, 0];
  for (const [, command, rest = ''] of path.matchAll(/([MHVq])([^MHVq]*)/g)) {
    const numbers = rest.trim().split(/\s+/).map(Number);
    if (command === 'M') [x, y] = [numbers[0] ?? 0, numbers[1] ?? 0];
    if (command === 'H') x = numbers[0] ?? 0;
    if (command === 'q') [x, y] = [x + (numbers[2] ?? 0), y + (numbers[3] ?? 0)];
    if (command !== 'V') continue;
    const to = numbers[0] ?? 0;
    found.push({ x, from: Math.min(y, to), to: Math.max(y, to) });
    y = to;
  }
  return found;
}
