import type { ContainerEntry, FileSection } from '../../../model/config.js';
import { exact } from '../../../model/json.js';
import type { Resource } from '../../../model/resource.js';
import type { MemoryFileSpec } from '../../../model/specs.js';
import type { Context } from '../../desired-context.js';

/** The secrets or configs of a container; undefined for none, so that nothing is recorded. */
export function memoryFilesOf(
  section: FileSection,
  entry: ContainerEntry,
  { config, fileDigests = {} }: Context,
): MemoryFileSpec[] | undefined {
  return entry[section]?.map((reference) => {
    const { source } = reference;
    const origin = config[section]?.[source];
    return exact<MemoryFileSpec>({
      ...reference,
      digest: fileDigests[`${section}.${source}`] ?? '',
      // a content is not recorded
      from: origin && 'content' in origin ? undefined : origin,
    });
  });
}

/** The texts that the plan may show of its configs. */
export function textsOf(
  { configs = [] }: ContainerEntry,
  { fileTexts = {} }: Context,
): Pick<Resource, 'texts'> {
  const known = configs.flatMap(({ source, target }) => {
    const text = fileTexts[`configs.${source}`];
    return text === undefined ? [] : [[target, text] as const];
  });
  return known.length > 0 ? { texts: Object.fromEntries(known) } : {};
}
