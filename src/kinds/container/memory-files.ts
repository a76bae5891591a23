import { formatEntry } from '../../model/attribute-text.js';
import type { FileSection } from '../../model/config.js';
import { drift } from '../../model/difference.js';
import { type InstallPaths, memoryFile, rootfsDir } from '../../model/install-paths.js';
import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type {
  ContainerSpec,
  MemoryFileSpec,
  MemoryFileState,
  MountSpec,
} from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { ContainerVerbs } from './verbs.js';

/*
 * Secrets and configs of a container: files in memory, mounted one by one. A changed content is a
 * new start on the same disk, or, with `on_change`, is written into the same file and announced by
 * a signal. What the running container has is observed on the host, not read from the row: a run that was cut
 * off may have recorded what it did not do.
 */

/** What is observed of the secrets and configs of a container. */
export interface SeenFiles {
  /** The process the row names is alive: pid, start time and boot id all agree. */
  running: boolean;
  /** Its secrets and configs, also those that it no longer has by the row. Absent for none. */
  files?: readonly MemoryFileState[];
  /** Targets of those whose file on the host was deleted: the process sees the old one. */
  deadFiles?: string[];
  /** The text of a config on the host, if it can be shown. */
  configText?: (target: string) => string | undefined;
}

export type MemoryFile = MemoryFileSpec & { section: FileSection };

const SECTIONS = ['secrets', 'configs'] as const;

export function memoryFilesOf(spec: Pick<ContainerSpec, FileSection>): MemoryFile[] {
  return SECTIONS.flatMap((section) => (spec[section] ?? []).map((each) => ({ ...each, section })));
}

/** For a one-off container that checks what these files are for. */
export function memoryMounts(spec: ContainerSpec, paths: InstallPaths): MountSpec[] {
  return memoryFilesOf(spec).map(({ target }) => ({
    source: memoryFile(paths, spec.id, target),
    target,
    read_only: true,
  }));
}

/** Without drift. */
export function assumedFiles(spec: ContainerSpec): Pick<SeenFiles, 'files'> {
  const files = memoryFilesOf(spec).map(({ source: _, section: __, from: ___, ...file }) => ({
    ...file,
    intact: true,
  }));
  return files.length > 0 ? { files } : {};
}

/** What the file declares otherwise than before. */
export function compareSection(
  section: FileSection,
  after: ContainerSpec,
  before: ContainerSpec,
): Difference[] {
  const [was, is] = [before, after].map(
    (spec) => new Map((spec[section] ?? []).map((each) => [each.target, each])),
  ) as [Map<string, MemoryFileSpec>, Map<string, MemoryFileSpec>];
  const moved = (file: MemoryFileSpec) => [...is.values()].find((each) => isMoved(each, file, was));
  const gone = [...was.values()].filter(({ target }) => !is.has(target));
  const old = new Map(gone.map((file) => [moved(file)?.target, file]));
  return [
    ...gone.filter((file) => !moved(file)).map((file) => changed(section, file, undefined)),
    ...[...is.values()].flatMap((file) => {
      const other = was.get(file.target) ?? old.get(file.target);
      return other && equal(other, file) ? [] : [changed(section, other, file)];
    }),
  ];
}

/** Whether a file is another one at a new target. */
function isMoved(
  { source, target }: MemoryFileSpec,
  before: MemoryFileSpec,
  was: ReadonlyMap<string, MemoryFileSpec>,
): boolean {
  return source === before.source && !was.has(target);
}

function changed(
  section: FileSection,
  before: MemoryFileSpec | undefined,
  after: MemoryFileSpec | undefined,
): Difference {
  const attribute = `${section}.${(after ?? before)?.source}`;
  const difference = { attribute, cause: 'file', effect: 'update' } as const;
  const [from, to] = [before, after].map((file) => file && formatEntry(section, file));
  const values = {
    ...(from !== undefined && { before: from }),
    ...(to !== undefined && { after: to }),
  };
  if (!before) return { ...difference, ...values, reason: `${attribute} added` };
  if (!after) return { ...difference, ...values, reason: `${attribute} removed` };
  if (from !== to) return { ...difference, ...values, reason: `${attribute} changed` };
  if (before.digest === after.digest) {
    return { ...difference, reason: `${attribute} comes from another place` };
  }
  const digests = { before: before.digest, after: after.digest, digests: true } as const;
  return { ...difference, ...digests, reason: `${attribute} changed` };
}

/** The differences, with the texts of configs instead of digests, and with what they take. */
export function explainFiles(
  differences: Difference[],
  { spec, texts = {} }: Resource<ContainerSpec>,
  row: Row<ContainerSpec>,
  seen: SeenFiles,
): Difference[] {
  const effect = filesEffect(spec, row.spec, seen);
  const again = seen.running ? ', takes a restart' : ', runs again';
  const takes = effect === 'restart' ? again : `, sends ${spec.on_change}`;
  return differences.map((each) => {
    const section = /^(secrets|configs)\./.exec(each.attribute)?.[1];
    if (section === undefined) return each;
    const shown = section === 'configs' && each.digests ? withText(each, spec, texts, seen) : each;
    const isFelt = effect !== undefined && (each.before ?? each.after) !== undefined;
    return isFelt ? { ...shown, reason: `${each.reason}${takes}` } : shown;
  });
}

function withText(
  difference: Difference,
  { configs = [] }: ContainerSpec,
  texts: Readonly<Record<string, string>>,
  seen: SeenFiles,
): Difference {
  const { digests: _, ...rest } = difference;
  const name = difference.attribute.slice('configs.'.length);
  const target = configs.find(({ source }) => source === name)?.target ?? '';
  const [before, after] = [seen.configText?.(target), texts[target]];
  return before === undefined || after === undefined ? difference : { ...rest, before, after };
}

/** Drift of the files that the file did not change. */
export function fileDrift(desired: ContainerSpec, row: ContainerSpec, seen: SeenFiles) {
  if (!seen.running) return [];
  const found = new Map((seen.files ?? []).map((each) => [each.target, each]));
  const recorded = memoryFilesOf(row);
  const kept = memoryFilesOf(desired).filter((file) => recorded.some((each) => equal(each, file)));
  const drifted = kept.flatMap((file): Difference[] => {
    const cause = driftOf(file, found.get(file.target), seen);
    return cause === undefined ? [] : [drift(`${file.section}.${file.source}`, cause)];
  });
  const known = [...recorded, ...memoryFilesOf(desired)].map(({ target }) => target);
  const stray = [...found.keys()].filter((target) => !known.includes(target));
  return [...drifted, ...stray.map((target) => drift('secrets', `${target} is left over`))];
}

function driftOf(
  { section, source, ...file }: MemoryFile,
  state: MemoryFileState | undefined,
  { deadFiles }: SeenFiles,
): string | undefined {
  const name = `${section.slice(0, -1)} ${source}`;
  if (!state || deadFiles?.includes(file.target)) return `the file of ${name} is gone`;
  if (!state.intact) return `the file of ${name} was changed on the host`;
  return isPlaced(file, state) ? undefined : `the file of ${name} is not the recorded one`;
}

/**
 * What it takes that a container has its files; undefined for nothing. One that has ended, such as a job,
 * runs again when they change, as it does when its command changes.
 */
export function filesEffect(
  desired: ContainerSpec,
  recorded: ContainerSpec,
  { running, files = [], deadFiles = [] }: SeenFiles,
): 'restart' | 'rewrite' | undefined {
  const [wanted, before] = [memoryFilesOf(desired), memoryFilesOf(recorded)];
  if (!running) {
    const isStopped = desired.stopped || recorded.stopped;
    return isStopped || samePlaced(wanted, before) ? undefined : 'restart';
  }
  if (wanted.length + before.length + files.length === 0) return undefined;
  const found = new Map(files.map((each) => [each.target, each]));
  const isMounted = (file: MemoryFile) => {
    const state = found.get(file.target);
    return state && isSamePlace(file, state) && !deadFiles.includes(file.target);
  };
  if (files.length !== wanted.length || !wanted.every(isMounted)) return 'restart';
  const isRight = (file: MemoryFile) => {
    const state = found.get(file.target);
    return state?.intact && state.digest === file.digest;
  };
  if (wanted.every(isRight)) return undefined;
  return desired.on_change === undefined ? 'restart' : 'rewrite';
}

function samePlaced(wanted: readonly MemoryFile[], before: readonly MemoryFile[]): boolean {
  const isThere = (file: MemoryFile) => before.some((each) => isPlaced(file, each));
  return wanted.length === before.length && wanted.every(isThere);
}

type Placed = Omit<MemoryFileState, 'intact'>;

const isPlaced = (file: Omit<MemoryFileSpec, 'source'>, state: Placed) =>
  isSamePlace(file, state) && file.digest === state.digest;

const isSamePlace = (file: Omit<MemoryFileSpec, 'source'>, state: Placed) =>
  (['target', 'mode', 'uid', 'gid'] as const).every((each) => file[each] === state[each]);

/** The step that makes its files right before a start; none for a container that never had any. */
export function placeFiles(
  spec: ContainerSpec,
  reason: string,
  paths: InstallPaths,
  { seen, signal }: { seen?: SeenFiles; signal?: string | undefined } = {},
): StepOf<ContainerVerbs>[] {
  const files = memoryFilesOf(spec);
  if (files.length === 0 && !seen?.files) return [];
  const { id, user, userns } = spec;
  const args = {
    id,
    files,
    // the disk of a stopped one is not mounted
    ...(!spec.stopped && {
      owner: { user, tree: rootfsDir(paths, id), ...(userns && { userns }) },
    }),
    ...(signal !== undefined && { signal }),
  };
  return [{ verb: 'container.files', args, reason }];
}
