import type { Resolved } from '../formats/resolve.js';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import type { Json } from '../model/json.js';
import type { CommonOptions } from './options.js';
import { parse, sourceOf } from './read-config.js';

/** Use cases that only read the files of a stack: they need neither root nor a host. */

/** Reads and checks the files of a stack. @throws ConfigError with all errors in them */
export async function validateProject({ file, project }: CommonOptions): Promise<Config> {
  return (await parse(await sourceOf(file, project))).config;
}

/** A text as YAML and as data. */
interface Printed {
  yaml(): string;
  data(): Json;
}

/** The files of a stack as one, with their variables expanded unless `keepsVariables` is set. */
export async function printProject(
  { file, project }: CommonOptions,
  keepsVariables: boolean,
): Promise<Resolved & Printed> {
  const source = await sourceOf(file, project);
  const [{ resolveProject }, { toData, toYaml }] = await Promise.all([
    import('../formats/resolve.js'),
    import('../formats/print.js'),
  ]);
  const resolved = resolveProject(source, { keepsVariables });
  const how = { ...resolved, escape: !keepsVariables };
  return {
    ...resolved,
    yaml: () => toYaml(resolved.root, how),
    data: () => toData(resolved.root, how),
  };
}

/**
 * Translates a compose file into a baleine.yaml that means the same where it is written beside it.
 *
 * @returns its text, with a comment for each key that has no effect
 */
export async function convertProject({ file, project }: CommonOptions): Promise<string> {
  const source = await sourceOf(file, project);
  const { config, format, root } = await parse(source);
  if (format === 'baleine') {
    throw new UserError(
      `cannot convert ${file}: it is a baleine.yaml already`,
      'Name a compose file with -f FILE.',
    );
  }
  const { toYaml } = await import('../formats/print.js');
  const directory = project?.directory ?? source.directory;
  const lost = (config.warnings ?? []).map((each) => `# lost: ${each}\n`);
  return lost.join('') + toYaml(root, { format: 'baleine', directory, escape: true });
}
