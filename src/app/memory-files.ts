import type { FileContents } from '../host/linux/memory-files/contents.js';
import { shownText } from '../host/linux/memory-files/folder.js';
import { type Config, entriesOf, type FileSection } from '../model/config.js';
import { messageOf, UserError } from '../model/errors.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';
import type { PlanInputs } from './plan-host.js';

/**
 * Reads the secrets and configs that containers use. Plans get the digests, and the texts of those
 * configs that containers of this stack have with another content; `contents` keeps the rest.
 *
 * @throws UserError with every one that cannot be read, and its position
 */
export function readMemoryFiles(
  config: Config,
  rows: readonly Row[],
  contents: FileContents,
): Pick<PlanInputs, 'fileDigests' | 'fileTexts'> {
  const [digests, texts]: [Record<string, string>, Record<string, string>] = [{}, {}];
  const complaints: string[] = [];
  for (const { section, name } of usedIn(config)) {
    const origin = config[section]?.[name];
    if (!origin) continue;
    try {
      const { digest, content } = contents.read(origin);
      digests[`${section}.${name}`] = digest;
      // a variable may hold a secret, whatever it is called
      const isShown = section === 'configs' && !('environment' in origin);
      const text = isShown && hasOther(name, digest, config, rows) ? shownText(content) : undefined;
      if (text !== undefined) texts[`${section}.${name}`] = text;
    } catch (error) {
      const key = Object.keys(origin)[0] ?? '';
      const where = config.where([section, name, key]);
      complaints.push(`${where}: cannot read ${section.slice(0, -1)} ${name}: ${messageOf(error)}`);
    }
  }
  if (complaints.length > 0) throw new UserError(complaints);
  return {
    fileDigests: digests,
    ...(Object.keys(texts).length > 0 && { fileTexts: texts }),
  };
}

function usedIn(config: Config): { section: FileSection; name: string }[] {
  const entries = entriesOf(config).map(({ entry }) => entry);
  return (['secrets', 'configs'] as const).flatMap((section) => {
    const used = entries.flatMap((entry) => entry[section]?.map(({ source }) => source) ?? []);
    return [...new Set(used)].map((name) => ({ section, name }));
  });
}

/** Whether a container of the stack has another content of a config. */
function hasOther(name: string, digest: string, config: Config, rows: readonly Row[]): boolean {
  return rows.some(({ kind, stack, spec }) => {
    if (kind !== 'container' || stack !== config.name) return false;
    const { configs = [] } = spec as ContainerSpec;
    return configs.some((each) => each.source === name && each.digest !== digest);
  });
}
