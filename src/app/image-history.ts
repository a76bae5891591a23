import { describeSource } from '../kinds/image/columns.js';
import type { OriginalConfig } from '../model/config.js';
import { originalOf } from '../model/image-version.js';
import { imageFile } from '../model/install-paths.js';
import type { ImageSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { rowsOf, usableRow } from './imperative/record.js';

/** One step by which an image came about. */
export interface HistoryStep {
  /** The image of this host that it belongs to; absent for what another tool did. */
  image?: string;
  /** `run apt-get update`, `from registry nginx:1.27`, or what another tool has written down. */
  step: string;
  /** ISO 8601; absent if it is not recorded. */
  created?: string;
}

/** At most as many images made from each other. */
const DEPTH = 100;

/**
 * What is recorded of how an image was made, the last step first. What a container has changed before a
 * commit, and what another tool did without writing it down, is not known.
 *
 * @throws UserError if there is no such image
 */
export function imageHistory(context: Context, name: string): HistoryStep[] {
  const { rows } = context.state();
  const images = rowsOf(rows, 'image');
  const steps: HistoryStep[] = [];
  let row = usableRow(rows, 'image', name, `show the history of image ${name}`);
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const { name: image, spec, facts } = row;
    const made = {
      image,
      ...(typeof facts.created_at === 'string' && { created: facts.created_at }),
    };
    for (const step of ownSteps(spec)) steps.push({ ...made, step });
    const { base } = spec;
    const next = images.find((each) => base?.file === imageFile(context.paths, each.spec.id));
    if (!next) return [...steps, ...foreignSteps(originalOf(spec))];
    row = next;
  }
  return steps;
}

/** The last one first. */
function ownSteps({ from, copy, run }: ImageSpec): string[] {
  return [
    ...run.map((line) => `run ${line}`).reverse(),
    ...copy.map((each) => `copy ${each.from} to ${each.to}`).reverse(),
    `from ${describeSource(from)}`,
  ];
}

/** The `history` of an OCI image config, whose last entry is the newest (image-spec, config.md). */
function foreignSteps(original: OriginalConfig | undefined): HistoryStep[] {
  const history = original?.image.history;
  if (!Array.isArray(history)) return [];
  return history
    .flatMap((each): HistoryStep[] => {
      if (typeof each !== 'object' || each === null || Array.isArray(each)) return [];
      const { created_by: by, comment, created } = each;
      const step = [by, comment].find((text) => typeof text === 'string' && text !== '');
      if (step === undefined) return [];
      return [{ step: String(step), ...(typeof created === 'string' && { created }) }];
    })
    .reverse();
}
