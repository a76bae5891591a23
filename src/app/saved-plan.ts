import type { Stats } from 'node:fs';
import { resolve } from 'node:path';
import type { ProjectOptions } from '../formats/yaml/read-file.js';
import { readInput } from '../host/linux/files/read.js';
import type { Config } from '../model/config.js';
import { messageOf, UserError } from '../model/errors.js';
import type { Plan } from '../model/plan.js';
import { jsonText } from '../model/printable.js';
import { readConfig } from './read-config.js';

/** A saved plan, with what tells whether it is stale. */
export interface SavedPlan {
  format: typeof FORMAT;
  root: string;
  /** Whether it is a plan of `destroy`. */
  destroy: boolean;
  /** Whether it was narrowed by `--target`. */
  narrowed?: boolean;
  /** Serial of the state it was made from. */
  serial: string;
  /** The stack's files and their digest; absent for `destroy`, which uses the state alone. */
  source?: { file: string; project?: ProjectOptions; digest: string };
  plan: Plan;
}

const FORMAT = 'baleine plan 1';

/** Readable by its owner only: it contains the environment of containers. */
export async function savePlan(path: string, saved: Omit<SavedPlan, 'format'>): Promise<void> {
  const { writeOutput } = await import('../host/linux/files/write-output.js');
  await writeOutput(path, `${jsonText({ format: FORMAT, ...saved })}\n`, { mode: 0o600 });
}

/** The files that a plan was made from. */
export function sourceOf(
  config: Config | undefined,
  project: ProjectOptions | undefined,
): Pick<SavedPlan, 'source'> {
  if (!config) return {};
  const file = resolve(config.file);
  return {
    source: { file, ...(project && { project: absolute(project) }), digest: config.digest },
  };
}

/** The same from any folder. */
export function absolute(project: ProjectOptions): ProjectOptions {
  const { overrides, directory, envFiles } = project;
  return {
    ...project,
    overrides: overrides.map((each) => resolve(each)),
    ...(directory !== undefined && { directory: resolve(directory) }),
    ...(envFiles && { envFiles: envFiles.map((each) => resolve(each)) }),
  };
}

/** Standard input cannot be read again to find out whether it has changed. */
export function refuseStandardInput(file: string): void {
  if (file !== '-') return;
  throw new UserError('cannot save a plan made from standard input', 'Give the file with -f FILE.');
}

/** Rejects if the state or the file has changed since. */
export async function refuseStale(saved: SavedPlan, root: string, serial: string): Promise<void> {
  if (saved.root !== root) {
    throw new UserError(
      `cannot apply the plan: it was made for ${saved.root}, and this is ${root}`,
      `Give --root ${saved.root}`,
    );
  }
  if (saved.serial !== serial) throw stale('something was applied since it was made');
  const { source } = saved;
  if (source && (await readConfig(source.file, source.project)).digest !== source.digest) {
    throw stale(`${source.file} has changed since it was made`);
  }
}

function stale(why: string): UserError {
  return new UserError(
    `cannot apply the plan: ${why}`,
    'Make a new one with: baleine plan --out FILE',
  );
}

/**
 * Throws if it is no plan, or one that another user could have written: its steps run as root,
 * unchecked.
 */
export function readPlan(path: string): SavedPlan {
  const saved = parse(path, readTrusted(path));
  if (isSavedPlan(saved)) return saved;
  throw new UserError(
    `cannot apply ${path}: it is not a plan of this version of baleine`,
    'Make one with: baleine plan --out FILE',
  );
}

function readTrusted(path: string): string {
  try {
    return readInput(path, { maxBytes: MAX_BYTES, check: (found) => checkTrust(path, found) });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

/** Far more than the plan of the largest stack. */
const MAX_BYTES = 256 * 1024 ** 2;

function checkTrust(path: string, { uid, mode }: Stats): void {
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return;
  throw new UserError(
    `cannot trust ${path}: others than root could have written it`,
    'Make a new one with: baleine plan --out FILE',
  );
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`cannot read ${path}: it is no plan (${messageOf(error)})`);
  }
}

/** Only the format's name is checked. */
function isSavedPlan(value: unknown): value is SavedPlan {
  return (
    typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT
  );
}
