import { neededServices, sharedServices } from '../../model/namespaces.js';
import type { ValidationContext } from './validation-context.js';

/** Maximum number of cycles shown, and of names at a cycle's beginning and end. */
const MAX_CYCLES = 20;
const MAX_NAMES = 10;

/** Nothing depends on itself: no container through `depends_on`, no image through `from`. */
export function checkCycles({ containers, images, problems }: ValidationContext): void {
  const needs = (name: string) => {
    const entry = Object.hasOwn(containers, name) ? containers[name] : undefined;
    return entry ? neededServices(entry) : [];
  };
  for (const cycle of cyclesOf(Object.keys(containers), needs)) {
    const [first = '', second = ''] = cycle;
    const entry = containers[first];
    const declared = entry && Object.hasOwn(entry.depends_on, second);
    const key = sharedServices(entry ?? {}).find(({ service }) => service === second)?.key;
    const path = ['containers', first, ...(declared || !key ? ['depends_on', second] : [key])];
    problems.atKey(path, `${declared ? 'depends_on' : key} forms a cycle: ${shown(cycle)}`);
  }
  const bases = (name: string) => {
    const image = Object.hasOwn(images, name) ? images[name] : undefined;
    return image && !image.external && 'image' in image.from ? [image.from.image] : [];
  };
  for (const cycle of cyclesOf(Object.keys(images), bases)) {
    const path = ['images', cycle[0] ?? '', 'from', 'image'];
    problems.atValue(path, `images are based on each other: ${shown(cycle)}`);
  }
}

function shown(cycle: string[]): string {
  if (cycle.length <= 2 * MAX_NAMES) return cycle.join(' → ');
  const [first, last] = [cycle.slice(0, MAX_NAMES), cycle.slice(-MAX_NAMES)];
  return [...first, `… (${cycle.length - 2 * MAX_NAMES} more)`, ...last].join(' → ');
}

/**
 * One cycle `[a, b, a]` for each edge that leads back into the search path, up to the maximum.
 * Depth-first without recursion: a chain may be as long as the file.
 */
function cyclesOf(names: string[], next: (name: string) => string[]): string[][] {
  const known = new Set(names);
  const done = new Set<string>();
  const cycles: string[][] = [];
  for (const start of names) {
    /** The search path, and the unvisited successors of each of its nodes. */
    const trail: string[] = [];
    const left: string[][] = [];
    const places = new Map<string, number>();
    const enter = (name: string) => {
      places.set(name, trail.length);
      trail.push(name);
      left.push([...next(name)].reverse());
    };
    if (!done.has(start)) enter(start);
    while (trail.length > 0) {
      const name = left.at(-1)?.pop();
      if (name === undefined) {
        const over = trail.pop() as string;
        left.pop();
        places.delete(over);
        done.add(over);
        continue;
      }
      const place = places.get(name);
      if (place !== undefined) cycles.push([...trail.slice(place), name]);
      if (cycles.length === MAX_CYCLES) return cycles;
      if (place === undefined && !done.has(name) && known.has(name)) enter(name);
    }
  }
  return cycles;
}
