import type { Problems } from '../problem.js';
import type { Sections } from './validation-context.js';

/** Of each kind in a stack. Planning takes a third of a millisecond per container. */
const MAX_ENTRIES = 1024;
/** Pairs of containers in which one waits for the other's health or end. */
const MAX_CONDITIONS = 20_000;
/** Pairs of containers in which one starts after the other. */
const MAX_DEPENDENCIES = 50_000;
/** Characters of all containers as JSON, with replicas expanded. */
const MAX_EXPANDED = 2 * 1024 ** 2;
/** Distinct sysctl settings: a program tries each before anything is stopped. */
const MAX_SYSCTLS = 100;
/** Depth of base images; Docker's limit of layers. */
const MAX_BASES = 127;

/**
 * Rejects a stack that is too large to be processed in the time of a run, before anything else
 * examines it.
 *
 * @throws ConfigError
 */
export function checkSize(sections: Sections, problems: Problems): void {
  const { containers, farms } = sections;
  const before = problems.count;
  for (const section of ['images', 'bridges', 'volumes', 'jobs', 'secrets', 'configs'] as const) {
    refuse(section, Object.keys(sections[section] ?? {}).length, problems);
  }
  const plain = Object.values(containers).reduce((sum, { replicas = 1 }) => sum + replicas, 0);
  refuse('containers', plain, problems);
  const servers = Object.values(farms).map((farm) => 1 + (farm.servers.replicas ?? 1));
  const behind = servers.reduce((sum, each) => sum + each, 0);
  if (plain <= MAX_ENTRIES) refuse('farms', behind, problems, MAX_ENTRIES - plain);
  checkBases(sections, problems);
  checkDependencies(sections, problems);
  checkExpandedSize(sections, problems);
  checkSysctls(sections, problems);
  if (problems.count > before) problems.throwIfAny();
}

function refuse(
  section: keyof Sections,
  count: number,
  problems: Problems,
  most: number = MAX_ENTRIES,
): void {
  if (count <= most) return;
  const what = section === 'farms' ? 'containers' : section;
  const all = section === 'farms' ? MAX_ENTRIES - most + count : count;
  problems.atKey(
    [section],
    `${all} ${what}: a stack has at most ${MAX_ENTRIES}`,
    'split it into several',
  );
}

/** Depth of base images; cycles are reported elsewhere. */
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
      // the first image that is too deep is enough
      if (depth !== MAX_BASES + 1) continue;
      const message = `more than ${MAX_BASES} images based on each other`;
      problems.atValue(['images', each, 'from', 'image'], message);
    }
  }
}

/** Each replica waits for each replica of its dependencies, and stores how to check each. */
function checkDependencies({ containers }: Sections, problems: Problems): void {
  let [all, conditional] = [0, 0];
  for (const [name, { depends_on, replicas = 1 }] of Object.entries(containers)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      if (!Object.hasOwn(containers, other)) continue;
      const pairs = replicas * (containers[other]?.replicas ?? 1);
      all += pairs;
      if (condition !== 'service_started') conditional += pairs;
      if (all <= MAX_DEPENDENCIES && conditional <= MAX_CONDITIONS) continue;
      const message =
        conditional > MAX_CONDITIONS
          ? `containers wait for more than ${MAX_CONDITIONS} others in all`
          : `containers depend on more than ${MAX_DEPENDENCIES} others in all`;
      problems.atKey(['containers', name, 'depends_on', other], message);
      return;
    }
  }
}

/** A thousand replicas of a long entry multiply its text by a thousand, in records and in plans. */
function checkExpandedSize(sections: Sections, problems: Problems): void {
  let sum = 0;
  for (const { path, entry, count } of servicesOf(sections)) {
    sum += JSON.stringify(entry).length * count;
    if (sum <= MAX_EXPANDED) continue;
    const message = `with replicas expanded, the containers take more than ${MAX_EXPANDED} characters`;
    problems.atKey(path, message, 'use fewer replicas, or a shorter entry');
    return;
  }
}

function checkSysctls(sections: Sections, problems: Problems): void {
  const known = new Set<string>();
  for (const { path, entry } of servicesOf(sections)) {
    for (const [name, value] of Object.entries(entry.sysctls)) {
      known.add(`${name}=${value}`);
      if (known.size <= MAX_SYSCTLS) continue;
      const message = `more than ${MAX_SYSCTLS} different settings of sysctls in all`;
      problems.atKey([...path, 'sysctls', name], message);
      return;
    }
  }
}

/** Every entry that becomes containers, with their number. */
function* servicesOf({ containers, farms, jobs = {} }: Sections) {
  for (const [name, entry] of Object.entries(containers)) {
    yield { path: ['containers', name], entry, count: entry.replicas ?? 1 };
  }
  for (const [name, { servers, proxy }] of Object.entries(farms)) {
    yield { path: ['farms', name, 'servers'], entry: servers, count: servers.replicas ?? 1 };
    yield { path: ['farms', name, 'proxy'], entry: proxy, count: 1 };
  }
  for (const [name, entry] of Object.entries(jobs)) {
    yield { path: ['jobs', name], entry, count: 1 };
  }
}

function baseOf(images: Sections['images'], name: string): string | undefined {
  const image = Object.hasOwn(images, name) ? images[name] : undefined;
  if (!image || image.external || !('image' in image.from)) return undefined;
  return Object.hasOwn(images, image.from.image) ? image.from.image : undefined;
}
