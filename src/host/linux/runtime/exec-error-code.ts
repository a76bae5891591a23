import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { resolveInRootfs } from '../rootfs/resolve.js';
import { PATH } from './config-json.js';

/**
 * Exit codes of shells and of Docker for a command that did not start: not found, and not
 * executable.
 */
const NOT_FOUND = 127;
const CANNOT_RUN = 126;

interface Command {
  args: string[];
  cwd: string;
  /** `K=V` */
  env: string[];
}

/**
 * The exit code for a command that the runtime could not start. Runtimes use their own codes, which
 * the command itself could also have returned.
 *
 * @param tree the container's root on the host
 */
export function exitCodeOfFailedStart(
  tree: string,
  { args: [program = ''], cwd, env }: Command,
): number {
  const found = placesOf(program, cwd, env).some((path) => isThere(tree, path));
  return found ? CANNOT_RUN : NOT_FOUND;
}

/** Where a program is looked for, in the container. */
function placesOf(program: string, cwd: string, env: string[]): string[] {
  const path = env.find((each) => each.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const folders = program.includes('/') ? [cwd] : path.split(':');
  return folders.map((folder) => posix.resolve('/', folder, program));
}

/**
 * Refuses a program that is not in a container's image. One that may be in a mount is not looked for.
 *
 * @param tree the image's root on the host
 * @throws UserError
 */
export function checkProgram(
  tree: string,
  { id, args, working_dir: cwd, environment, mounts }: CheckedProgram,
): void {
  const [program = ''] = args;
  const env = [`PATH=${environment.PATH ?? PATH}`];
  const places = placesOf(program, cwd, env);
  const isMounted = ({ target }: { target: string }) =>
    places.some((path) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`));
  if (mounts.some(isMounted) || places.some((path) => isThere(tree, path))) return;
  const where = program.includes('/') ? 'its image' : 'any folder of its PATH';
  throw new UserError(
    `cannot start ${id}: there is no program ${program} in ${where}`,
    'Its command or entrypoint names it; or the image lacks it.',
  );
}

type CheckedProgram = Pick<ContainerSpec, 'id' | 'args' | 'working_dir' | 'environment' | 'mounts'>;

/** Messages of runtimes for a program that cannot be executed, mostly without its name. */
const NOT_EXECUTABLE_MESSAGE = /executable|exec|no such file|not found/i;

/**
 * Adds the program to the error of a start that a runtime refused.
 *
 * @param tree the container's root on the host
 */
export function explainFailedStart(error: unknown, id: string, tree: string, command: Command) {
  const message = messageOf(error);
  const [program = ''] = command.args;
  const isKnown =
    !NOT_EXECUTABLE_MESSAGE.test(message) || exitCodeOfFailedStart(tree, command) !== NOT_FOUND;
  if (isKnown) return error;
  const cause = message.replace(`cannot start ${id}: `, '');
  const where = program.includes('/') ? 'its image' : 'any folder of its PATH';
  return new UserError(
    `cannot start ${id}: there is no program ${program} in ${where} (${cause})`,
    'Its command or entrypoint names it; or the image lacks it.',
    { cause: error },
  );
}

function isThere(tree: string, path: string): boolean {
  try {
    return (
      lstatSync(`${tree}${resolveInRootfs(tree, path)}`, { throwIfNoEntry: false }) !== undefined
    );
  } catch {
    // A parent is not a folder, or links form a cycle.
    return false;
  }
}
