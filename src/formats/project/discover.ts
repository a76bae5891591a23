import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** In the order of preference; those of the Compose specification after ours. */
const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const OWN = ['baleine.yaml', 'baleine.yml'];

/**
 * The files of a stack that a user has not named: those of COMPOSE_FILE; else baleine.yaml, or
 * compose.yaml and its override, in the folder or the nearest one above that has one.
 *
 * @param lookUp a variable of the environment
 * @returns paths relative to the folder; empty if there is none
 */
export function discoverFiles(
  directory: string,
  lookUp: (name: string) => string | undefined,
): string[] {
  const named = lookUp('COMPOSE_FILE');
  if (named) {
    const separator = lookUp('COMPOSE_PATH_SEPARATOR') || ':';
    return named.split(separator).filter((each) => each !== '');
  }
  for (let at = resolve(directory); ; at = dirname(at)) {
    const found = filesIn(at);
    if (found.length > 0) return found.map((each) => relative(directory, each) || each);
    if (at === dirname(at)) return [];
  }
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
