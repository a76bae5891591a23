import type { Sections } from '../normalise/index.js';
import type { Problems } from '../problem.js';

/** Of each kind in a stack. Planning takes a third of a millisecond for a container. */
const MOST = 2000;
/** Pairs of containers of which one waits for the other's health or end. */
const MOST_CONDITIONS = 20_000;
/** Images made from each other; Docker’s limit for layers. */
const MOST_BASES = 127;

/**
 * Refuses a stack that is too large to be worked on in the time that a run may take, before anything
 * looks at its parts.
 *
 * @throws ConfigError
 */
export function checkSize(sections: Sections, problems: Problems): void {
  const { containers, farms } = sections;
  const before = problems.count;
  for (const section of ['images', 'bridges', 'volumes'] as const) {
    refuse(section, Object.keys(sections[section]).length, problems);
  }
  const plain = Object.values(containers).reduce((sum, { replicas = 1 }) => sum + replicas, 0);
  refuse('containers', plain, problems);
  const servers = Object.values(farms).map((farm) => 1 + (farm.servers.replicas ?? 1));
  const behind = servers.reduce((sum, each) => sum + each, 0);
  if (plain <= MOST) refuse('farms', behind, problems, MOST - plain);
  checkBases(sections, problems);
  checkConditions(sections, problems);
  if (problems.count > before) problems.throwIfAny();
}

function refuse(
  section: keyof Sections,
  count: number,
  problems: Problems,
  most: number = MOST,
): void {
  if (count <= most) return;
  const what = section === 'farms' ? 'containers' : section;
  const all = section === 'farms' ? MOST - most + count : count;
  problems.atKey([section], `${all} ${what}: a stack has at most ${MOST}`, 'split it into several');
}

/** How deep images stand on each other; a circle is complained of elsewhere. */
function checkBases({ images }: Sections, problems: Problems): void {
  const depths = new Map<string, number>();
  for (const name of Object.keys(images)) {
    const way: string[] = [];
    for (let at: string | undefined = name; at !== undefined && !depths.has(at); ) {
      depths.set(at, 0);
      way.push(at);
      at = baseOf(images, at);
    }
    const last = way.at(-1);
    const below = last === undefined ? undefined : baseOf(images, last);
    let depth = below === undefined ? 0 : (depths.get(below) ?? 0);
    for (const each of way.reverse()) {
      depth += 1;
      depths.set(each, depth);
      // the first that is too high says enough
      if (depth !== MOST_BASES + 1) continue;
      const message = `more than ${MOST_BASES} images made from each other`;
      problems.atValue(['images', each, 'from', 'image'], message);
    }
  }
}

/** Each replica keeps of each replica that it waits for how that is. */
function checkConditions({ containers }: Sections, problems: Problems): void {
  let sum = 0;
  for (const [name, { depends_on, replicas = 1 }] of Object.entries(containers)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      if (condition === 'service_started' || !Object.hasOwn(containers, other)) continue;
      sum += replicas * (containers[other]?.replicas ?? 1);
      if (sum <= MOST_CONDITIONS) continue;
      const message = `containers wait for more than ${MOST_CONDITIONS} others in all`;
      problems.atKey(['containers', name, 'depends_on', other], message);
      return;
    }
  }
}

function baseOf(images: Sections['images'], name: string): string | undefined {
  const image = Object.hasOwn(images, name) ? images[name] : undefined;
  if (!image || image.external || !('image' in image.from)) return undefined;
  return Object.hasOwn(images, image.from.image) ? image.from.image : undefined;
}
