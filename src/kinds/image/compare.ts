import { formatBytes } from '../../model/format.js';
import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ImageConfig, ImageFacts, ImageSpec } from '../../model/specs.js';
import type { ImageSeen } from './observe.js';

/** What is in the file, and what one says when it changes. */
const CONTENT = {
  size: 'size changed',
  from: 'source changed',
  base: 'base image has changed',
  copy: 'copied files changed',
  run: 'run lines changed',
  sources: 'content of its local files has changed',
} as const satisfies Partial<Record<keyof ImageSpec, string>>;

/** Only what containers inherit: a change takes no build. */
const CONFIG = [
  'entrypoint',
  'command',
  'environment',
  'user',
  'working_dir',
  'labels',
  'stop_signal',
  'exposed_ports',
  'volumes',
  'healthcheck',
] as const satisfies (keyof ImageConfig)[];

type ImageRow = Row<ImageSpec, ImageFacts>;

/** A difference in any of these takes a build. */
export function takesBuild({ attribute }: Difference): boolean {
  return attribute in CONTENT || attribute === 'layers' || attribute === 'file';
}

/** What the file asks anew, then what became of the image file. */
export function compare(
  { spec: after }: Resource<ImageSpec>,
  { spec: before }: ImageRow,
  seen: ImageSeen,
): Difference[] {
  const content = Object.entries(CONTENT).flatMap(([attribute, reason]) => {
    const name = attribute as keyof typeof CONTENT;
    return changed(attribute, before[name], after[name], reason);
  });
  const config = CONFIG.flatMap((name) => changed(name, before.config[name], after.config[name]));
  const origin = compareOrigins(before.origin, after.origin);
  return [...content, ...origin, ...config, ...fileDrift(before, seen)];
}

/** Other layers take a build. The rest is for the record, so that it is not asked for again. */
function compareOrigins(before: ImageSpec['origin'], after: ImageSpec['origin']): Difference[] {
  if (before?.layers !== after?.layers) {
    return changed('layers', before?.layers, after?.layers, 'its layers have changed');
  }
  return changed('origin', packing(before), packing(after), 'packed anew with the same layers');
}

function packing(origin: ImageSpec['origin']) {
  if (!origin) return undefined;
  const { layers: _layers, config: _config, ...rest } = origin;
  return rest;
}

function changed(
  attribute: string,
  before: unknown,
  after: unknown,
  reason = `${attribute} changed`,
): Difference[] {
  if (equal(before, after)) return [];
  return [
    {
      attribute,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      cause: 'file',
      effect: 'update',
      reason,
    },
  ];
}

/** The file never changes size once it is there, so another size means it was cut or replaced. */
function fileDrift({ size }: ImageSpec, seen: ImageSeen): Difference[] {
  if (seen.size === size) return [];
  const [is, was] = [seen.size, size].map(describeSize);
  return [
    {
      attribute: 'file',
      before: seen.size,
      after: size,
      cause: 'drift',
      effect: 'update',
      reason: `image file has ${is} instead of ${was}`,
    },
  ];
}

/** Exact when the short form would hide the difference. */
function describeSize(bytes: number): string {
  return bytes % 1024 ** 2 === 0 ? formatBytes(bytes) : `${bytes} bytes`;
}
