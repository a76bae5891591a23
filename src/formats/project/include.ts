import { dirname, resolve } from 'node:path';
import { dataOf, type Entry, type SourceText } from '../../config/document.js';
import { equal } from '../../model/json.js';
import { below, changed, fieldsOf, itemsOf, mapping, mappingOf, textOf } from '../entries.js';
import { SECTION, shownPath } from './extends.js';
import { type Format, type Loading, readFile, withEnvFiles } from './loading.js';
import { without } from './merge.js';
import { withShellVariables } from './services.js';

/** Projects that include each other. */
const MAX_DEPTH = 20;

/**
 * Adds the services, networks, … of the projects that a file includes. Each is a project of its own:
 * its paths are relative to its folder, and its `.env` gives variables where the shell and ours give
 * none. A name that both declare, and not in the same way, is an error.
 */
export function applyIncludes(
  root: Entry,
  format: Format,
  loading: Loading,
  loadProject: LoadProject,
): Entry {
  const clause = below(root, 'include');
  if (!clause) return root;
  let result = without(root, 'include');
  for (const each of itemsOf(clause) ?? [clause]) {
    const included = load(each, format, loading, loadProject);
    if (included) result = withResources(result, included, loading);
  }
  return result;
}

/** Loads a project like that of the stack itself. */
type LoadProject = (
  source: SourceText,
  overrides: readonly string[],
  loading: Loading,
  format: Format,
) => { root: Entry; format: Format };

function load(
  clause: Entry,
  format: Format,
  loading: Loading,
  loadProject: LoadProject,
): Entry | undefined {
  const { problems, including, inputs } = loading;
  const paths = below(clause, 'path') ?? clause;
  const [first, ...others] = (itemsOf(paths) ?? [paths]).map((place) => ({
    place,
    path: resolve(clause.source.directory, textOf(place) ?? ''),
  }));
  if (!first || textOf(first.place) === undefined) {
    problems.of(clause, '"include" needs the path of a file', 'include: [other/compose.yaml]');
    return undefined;
  }
  if (including.includes(first.path) || including.length >= MAX_DEPTH) {
    problems.of(clause, `${shownPath(clause, first.path)} includes itself, by way of others`);
    return undefined;
  }
  const folder = below(clause, 'project_directory');
  const directory = folder
    ? resolve(clause.source.directory, textOf(folder) ?? '')
    : dirname(first.path);
  const found = readFile(first.path, loading, { place: first.place, directory });
  if (!found) return undefined;
  const areThere = others.every(({ place, path }) => readFile(path, loading, { place }));
  if (!areThere) return undefined;
  const source = { ...found, file: shownPath(first.place, first.path) };
  const envFile = below(clause, 'env_file');
  const named = envFile && (itemsOf(envFile) ?? [envFile]);
  const envFiles = named?.map((place) => resolve(clause.source.directory, textOf(place) ?? ''));
  const isMissing = envFiles?.some((path, i) => !readFile(path, loading, { place: named?.[i] }));
  if (isMissing) return undefined;
  const lookUp = withEnvFiles(loading.lookUp, envFiles ?? [resolve(directory, '.env')], {
    inputs,
    problems,
    required: envFile !== undefined,
  });
  const own = { ...loading, lookUp, including: [...including, first.path] };
  const project = loadProject(
    source,
    others.map(({ path }) => path),
    own,
    format,
  );
  if (project.format !== format) {
    const what = { compose: 'a compose file', baleine: 'a baleine.yaml' };
    problems.of(
      first.place,
      `cannot include ${source.file}: it is ${what[project.format]}, and this is ${what[format]}`,
      '`baleine convert` translates a compose file',
    );
    return undefined;
  }
  return without(withVariables(project.root, format, own), 'name', 'version');
}

/** What its own `.env` gives is not known outside of it. */
function withVariables(root: Entry, format: Format, loading: Loading): Entry {
  const section = below(root, SECTION[format]);
  if (!section || !mappingOf(section)) return root;
  const services = fieldsOf(section).map(
    ([name, each]) => [name, withShellVariables(each, loading)] as const,
  );
  return changed(root, { [SECTION[format]]: mapping(section, services) });
}

function withResources(root: Entry, included: Entry, { problems }: Loading): Entry {
  let result = root;
  for (const [section, entries] of fieldsOf(included)) {
    if (!mappingOf(entries)) continue;
    const own = below(result, section);
    const merged = new Map(fieldsOf(own));
    for (const [name, each] of fieldsOf(entries)) {
      const before = merged.get(name);
      if (!before) merged.set(name, each);
      else if (!equal(dataOf(before.node), dataOf(each.node))) {
        problems.atOffset(
          before.key,
          `${section}.${name} is declared here and in ${each.source.file}, which this includes`,
          'rename one; a file that is merged with -f may change it',
          before.source,
        );
      }
    }
    result = changed(result, { [section]: mapping(own ?? entries, merged) });
  }
  return result;
}
