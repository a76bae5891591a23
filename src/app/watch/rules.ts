import { existsSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import type { TreeFilter } from '../../host/linux/files/watch-tree.js';
import type { Config, WatchRule } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { pathFilter, takesBack } from './globs.js';

/** A rule of `develop`, with the service that it belongs to. */
export interface ServiceRule extends WatchRule {
  service: string;
  /** The folder of its Dockerfile; absent if its image is not built from one. */
  context?: string;
}

/** The rules of these services, all for none. @throws UserError if there are none, or one is impossible */
export function rulesOf(config: Config, services: readonly string[]): ServiceRule[] {
  const { containers, farms } = config;
  const entries = [
    ...Object.entries(containers),
    ...Object.entries(farms).map(([name, { servers }]) => [name, servers] as const),
  ].filter(([name]) => services.length === 0 || services.includes(name));
  const rules = entries.flatMap(([service, entry]) =>
    (entry.develop?.watch ?? []).map((rule): ServiceRule => {
      const context = contextOf(config, entry.image);
      return { ...rule, service, ...(context !== undefined && { context }) };
    }),
  );
  if (rules.length === 0) {
    throw new UserError(
      'cannot watch: no service says what to do when its files change',
      'Add develop: { watch: [{ path: ./src, action: sync, target: /srv/app }] } to one.',
    );
  }
  const missing = rules.find(({ path }) => !existsSync(path));
  if (missing) throw new UserError(`cannot watch ${missing.path}: no such file or folder`);
  const wrong = rules.find(({ action, context }) => action === 'rebuild' && context === undefined);
  if (!wrong) return rules;
  throw new UserError(
    `cannot watch ${wrong.path}: the image of ${wrong.service} is not built from a Dockerfile`,
    'Give it build:, or another action than rebuild.',
  );
}

function contextOf({ images }: Config, name: string): string | undefined {
  const image = images[name];
  if (!image || image.external) return undefined;
  if ('dockerfile' in image.from) return image.from.dockerfile.context;
  return 'image' in image.from ? contextOf({ images } as Config, image.from.image) : undefined;
}

/** What editors and version control leave beside files. */
const USUAL = ['**/.git', '**/.DS_Store', '**/*~', '**/.*.sw?', '**/.#*', '**/#*#', '**/4913'];

/** As the rule, and the .dockerignore of its build context, say. */
export function filterOf({ path, ignore, include, context }: ServiceRule): TreeFilter {
  const patterns = [...USUAL, ...ignore];
  const own = pathFilter(patterns);
  const included = include.length > 0 ? pathFilter(include) : () => true;
  const docker = context === undefined ? [] : dockerignore(context);
  const ofContext = pathFilter(docker);
  const inContext = (each: string) => {
    const below = context === undefined ? '..' : relative(context, posix.join(path, each));
    return !below.startsWith('..') && ofContext(below);
  };
  const isIgnored = (each: string) => own(each) || inContext(each);
  const isFinal = !takesBack([...patterns, ...docker]);
  return {
    ignores: (each) => isIgnored(each) || !included(each),
    prunes: (each) => isFinal && isIgnored(each),
  };
}

/** Its lines without comments. */
function dockerignore(context: string): string[] {
  const file = join(context, '.dockerignore');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').slice(0, MOST).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** Characters. */
const MOST = 64 * 1024;
