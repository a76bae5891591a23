import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

/** In the order of preference; those of the Compose specification after ours. */
const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const OWN = ['baleine.yaml', 'baleine.yml'];

/**
 * The files of a stack that a user has not named: baleine.yaml, or compose.yaml and its override, in
 * the folder or the nearest one above that has one. COMPOSE_FILE names others in place of a compose
 * file.
 *
 * @param lookUp a variable of the environment
 * @returns paths relative to the folder; empty if there is none
 */
export function discoverFiles(
  directory: string,
  lookUp: (name: string) => string | undefined,
): string[] {
  const found = nearestFiles(resolve(directory));
  const named = lookUp('COMPOSE_FILE');
  // that is meant for compose files
  const isOwn = OWN.includes(basename(found[0] ?? ''));
  if (named && !isOwn) {
    const separator = lookUp('COMPOSE_PATH_SEPARATOR') || ':';
    return named.split(separator).filter((each) => each !== '');
  }
  return found.map((each) => relative(directory, each) || each);
}

/** Absolute paths of those in the folder, else of those in the nearest one above that has any. */
function nearestFiles(folder: string): string[] {
  const found = filesIn(folder);
  return found.length > 0 || folder === dirname(folder) ? found : nearestFiles(dirname(folder));
}

function filesIn(folder: string): string[] {
  const find = (names: readonly string[]) =>
    names.map((name) => join(folder, name)).find((path) => existsSync(path));
  const own = find(OWN);
  if (own) return [own];
  const main = find(NAMES);
  if (!main) return [];
  const stems = [/\.ya?ml$/.exec(main)?.[0] === '.yml' ? ['.yml', '.yaml'] : ['.yaml', '.yml']];
  const stem = main.replace(/\.ya?ml$/, '');
  const override = find(
    stems.flat().map((end) => `${stem.slice(folder.length + 1)}.override${end}`),
  );
  return override ? [main, override] : [main];
}
