import type { Problems } from '../problem.js';
import type { Sections } from './validation-context.js';

/** Of each kind in a stack. Planning takes a third of a millisecond for a container. */
const MOST = 2000;
/** Pairs of containers of which one waits for the other's health or end. */
const MOST_CONDITIONS = 20_000;
/** Pairs of containers of which one starts after the other. */
const MOST_DEPENDENCIES = 50_000;
/** Characters of all containers as JSON, each replica written out. */
const MOST_WRITTEN = 8 * 1024 ** 2;
/** Different settings of sysctls: each is tried by a program before anything is stopped. */
const MOST_SYSCTLS = 100;
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
  checkDependencies(sections, problems);
  checkWritten(sections, problems);
  checkSysctls(sections, problems);
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

/** Each replica waits for each replica of what it depends on, and keeps how that is to be asked. */
function checkDependencies({ containers }: Sections, problems: Problems): void {
  let [all, asked] = [0, 0];
  for (const [name, { depends_on, replicas = 1 }] of Object.entries(containers)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      if (!Object.hasOwn(containers, other)) continue;
      const pairs = replicas * (containers[other]?.replicas ?? 1);
      all += pairs;
      if (condition !== 'service_started') asked += pairs;
      if (all <= MOST_DEPENDENCIES && asked <= MOST_CONDITIONS) continue;
      const message =
        asked > MOST_CONDITIONS
          ? `containers wait for more than ${MOST_CONDITIONS} others in all`
          : `containers depend on more than ${MOST_DEPENDENCIES} others in all`;
      problems.atKey(['containers', name, 'depends_on', other], message);
      return;
    }
  }
}

/** A thousand replicas of a long entry are a thousand times its text, in records and in plans. */
function checkWritten(sections: Sections, problems: Problems): void {
  let sum = 0;
  for (const { path, entry, count } of servicesOf(sections)) {
    sum += JSON.stringify(entry).length * count;
    if (sum <= MOST_WRITTEN) continue;
    const message = `with all replicas written out, containers have more than ${MOST_WRITTEN} characters`;
    problems.atKey(path, message, 'have fewer replicas, or a shorter entry');
    return;
  }
}

function checkSysctls(sections: Sections, problems: Problems): void {
  const known = new Set<string>();
  for (const { path, entry } of servicesOf(sections)) {
    for (const [name, value] of Object.entries(entry.sysctls)) {
      known.add(`${name}=${value}`);
      if (known.size <= MOST_SYSCTLS) continue;
      const message = `more than ${MOST_SYSCTLS} different settings of sysctls in all`;
      problems.atKey([...path, 'sysctls', name], message);
      return;
    }
  }
}

/** Every entry that becomes containers, and how many. */
function* servicesOf({ containers, farms }: Sections) {
  for (const [name, entry] of Object.entries(containers)) {
    yield { path: ['containers', name], entry, count: entry.replicas ?? 1 };
  }
  for (const [name, { servers, proxy }] of Object.entries(farms)) {
    yield { path: ['farms', name, 'servers'], entry: servers, count: servers.replicas ?? 1 };
    yield { path: ['farms', name, 'proxy'], entry: proxy, count: 1 };
  }
}

function baseOf(images: Sections['images'], name: string): string | undefined {
  const image = Object.hasOwn(images, name) ? images[name] : undefined;
  if (!image || image.external || !('image' in image.from)) return undefined;
  return Object.hasOwn(images, image.from.image) ? image.from.image : undefined;
}
