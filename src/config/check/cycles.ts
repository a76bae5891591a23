import type { Subject } from './subject.js';

/** Nothing waits for itself: no container through `depends_on`, no image through `from`. */
export function checkCycles({ containers, images, problems }: Subject): void {
  const needs = (name: string) => Object.keys(containers[name]?.depends_on ?? {});
  for (const cycle of cyclesOf(Object.keys(containers), needs)) {
    const [first = '', second = ''] = cycle;
    const path = ['containers', first, 'depends_on', second];
    problems.atKey(path, `depends_on goes in a circle: ${cycle.join(' → ')}`);
  }
  const bases = (name: string) => {
    const image = Object.hasOwn(images, name) ? images[name] : undefined;
    return image && !image.external && 'image' in image.from ? [image.from.image] : [];
  };
  for (const cycle of cyclesOf(Object.keys(images), bases)) {
    const path = ['images', cycle[0] ?? '', 'from', 'image'];
    problems.atValue(path, `images are made from each other: ${cycle.join(' → ')}`);
  }
}

/** One cycle for each edge that leads back to where the search came from, `[a, b, a]`. */
function cyclesOf(names: string[], next: (name: string) => string[]): string[][] {
  const known = new Set(names);
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (name: string, trail: string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) cycles.push([...trail.slice(start), name]);
    if (start >= 0 || done.has(name) || !known.has(name)) return;
    for (const each of next(name)) visit(each, [...trail, name]);
    done.add(name);
  };
  for (const name of names) visit(name, []);
  return cycles;
}
