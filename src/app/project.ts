import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Converted as ConvertedStack, ConvertInput } from '../convert/stack.js';
import type { Resolved } from '../formats/resolve.js';
import type { Config } from '../model/config.js';
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

/** A file in the other format, and what that has no words for. */
export interface Converted {
  yaml: string;
  /** With their places; a baleine.yaml has them as comments, too. */
  lost: string[];
}

/**
 * Translates a compose file into a baleine.yaml that means the same where it is written beside it, or a
 * baleine.yaml into a compose file.
 *
 * @param to the format; default: the other one
 */
export async function convertProject(
  { file, project }: CommonOptions,
  to?: 'compose' | 'baleine',
): Promise<Converted> {
  const source = await sourceOf(file, project);
  const { config, format, root } = await parse(source);
  const wanted = to ?? (format === 'compose' ? 'baleine' : 'compose');
  const directory = project?.directory ?? source.directory;
  const how = { format: wanted, directory, escape: true };
  const { toYaml } = await import('../formats/print.js');
  // parsed and checked, it is a baleine.yaml in either case
  if (wanted === 'baleine') {
    const lost = config.warnings ?? [];
    return { yaml: lost.map((each) => `# lost: ${each}\n`).join('') + toYaml(root, how), lost };
  }
  const [{ composeOf }, { Warnings }] = await Promise.all([
    import('../formats/compose/write/index.js'),
    import('../formats/project/warnings.js'),
  ]);
  const warnings = new Warnings();
  const made = composeOf(root, warnings);
  const lost = [...(config.warnings ?? []), ...warnings.texts()];
  return { yaml: toYaml(made, how), lost };
}

/** The engines that a stack can be written for. */
export const ENGINES = ['swarm', 'kubernetes', 'quadlet'] as const;
export type Engine = (typeof ENGINES)[number];

const CONVERTERS: Record<Engine, () => Promise<(input: ConvertInput) => ConvertedStack>> = {
  swarm: async () => (await import('../convert/swarm/index.js')).toSwarm,
  kubernetes: async () => (await import('../convert/kubernetes/index.js')).toKubernetes,
  quadlet: async () => (await import('../convert/quadlet/index.js')).toQuadlet,
};

/**
 * A stack as files of another engine. No file has the content of a secret: they refer to where it comes
 * from.
 *
 * @param directory where they are going to be; default: beside the first file
 * @param registry HOST/PATH of images that are in no registry yet
 */
export async function convertStack(
  { file, project }: CommonOptions,
  engine: Engine,
  { directory, registry }: { directory?: string; registry?: string },
): Promise<ConvertedStack> {
  const source = await sourceOf(file, project);
  const { config, root } = await parse(source);
  const convert = await CONVERTERS[engine]();
  const made = convert({
    config,
    root,
    isStream: directory === undefined,
    directory: directory ?? project?.directory ?? source.directory,
    ...(registry !== undefined && { registry }),
  });
  return { ...made, lost: [...(config.warnings ?? []), ...made.lost] };
}

/**
 * Writes files into a folder, which is created.
 *
 * @returns what else is in it, such as files of an earlier conversion
 */
export function writeFiles(directory: string, files: ConvertedStack['files']): string[] {
  for (const { name, text } of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const written = new Set(files.map(({ name }) => name));
  const found = readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' });
  return found
    .filter((each) => !each.isDirectory())
    .map((each) => relative(directory, join(each.parentPath, each.name)))
    .filter((name) => !written.has(name))
    .sort();
}
