import type { OriginalConfig } from '../../model/config.js';
import { formatBytes } from '../../model/format.js';
import { localFiles, originalOf } from '../../model/image-version.js';
import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import { printable } from '../../model/printable.js';
import { pendingReason, type Resource, type Row } from '../../model/resource.js';
import type { ImageConfig, ImageFacts, ImageSpec } from '../../model/specs.js';
import type { ObservedImage } from './observe.js';

/** The content of the image file, and the reason shown when it changes. */
const CONTENT = {
  size: 'size changed',
  from: 'source changed',
  base: 'base image has changed',
  copy: 'copied files changed',
  run: 'run lines changed',
  sources: 'content of its local files has changed',
} as const satisfies Record<Exclude<keyof ImageSpec, ComparedElsewhere>, string>;

/**
 * Attributes with a comparison of their own, or none: `id` identifies the image, and `previous` is
 * maintained by the build. Any other attribute does not compile without a reason in CONTENT.
 */
type ComparedElsewhere = 'id' | 'config' | 'origin' | 'original' | 'previous';

/** Settings that containers inherit, with their OCI names: a change needs no build. */
const CONFIG = {
  entrypoint: 'Entrypoint',
  command: 'Cmd',
  environment: 'Env',
  user: 'User',
  working_dir: 'WorkingDir',
  labels: 'Labels',
  stop_signal: 'StopSignal',
  exposed_ports: 'ExposedPorts',
  volumes: 'Volumes',
  healthcheck: 'Healthcheck',
} as const satisfies Record<keyof ImageConfig, string>;

const CONFIG_NAMES = Object.keys(CONFIG) as (keyof ImageConfig)[];

type ImageRow = Row<ImageSpec, ImageFacts>;

/** Whether a difference requires a build. */
export function needsBuild({ attribute }: Difference): boolean {
  return attribute in CONTENT || attribute === 'layers' || attribute === 'file';
}

/** First what changed in the file, then what changed in the image file. */
export function compare(
  { spec: after }: Resource<ImageSpec>,
  { spec: before }: ImageRow,
  observed: ObservedImage,
): Difference[] {
  const content = Object.entries(CONTENT).flatMap(([attribute, reason]) => {
    const name = attribute as keyof typeof CONTENT;
    const differences = changed(attribute, before[name], after[name], reason);
    return name === 'sources'
      ? differences.map((each) => ({ ...each, files: localFiles(after) }))
      : differences;
  });
  const config = CONFIG_NAMES.flatMap((name) =>
    changed(name, before.config[name], after.config[name]),
  );
  const origin = compareOrigins(before.origin, after.origin);
  const others = compareOriginals(originalOf(before), originalOf(after), config);
  return [...content, ...origin, ...config, ...others, ...fileDrift(before, observed)];
}

/** An image committed from a container's disk cannot be rebuilt. */
export function irrecoverable(
  { spec: after }: Resource<ImageSpec>,
  row: ImageRow,
): string | undefined {
  const { spec: before, status } = row;
  if (!('container' in before.from) || !equal(after.base, before.base)) return undefined;
  return status === 'pending'
    ? `${pendingReason(row, 'commit')}; commit again`
    : 'it is gone from the host, and its container may have changed since';
}

/**
 * Changed layers need a build. Other changes only update the record, so that they are not reported
 * again.
 */
function compareOrigins(before: ImageSpec['origin'], after: ImageSpec['origin']): Difference[] {
  if (before?.layers !== after?.layers) {
    return changed('layers', before?.layers, after?.layers, 'its layers have changed');
  }
  return changed('origin', packing(before), packing(after), 'repacked with the same layers');
}

function packing(origin: ImageSpec['origin']) {
  if (!origin) return undefined;
  const { layers: _layers, config: _config, original: _original, ...rest } = origin;
  return rest;
}

/**
 * Fields that baleine does not use are named, not shown: they may be long, and are not the user's.
 */
function compareOriginals(
  before: OriginalConfig | undefined,
  after: OriginalConfig | undefined,
  known: readonly Difference[],
): Difference[] {
  if (equal(before, after)) return [];
  const reported = new Set(known.map(({ attribute }) => CONFIG[attribute as keyof ImageConfig]));
  const names = [
    ...differing(fieldsOf(before?.image.config), fieldsOf(after?.image.config)),
    ...differing(before?.image, after?.image).filter((name) => name !== 'config'),
    ...(equal(before?.annotations, after?.annotations) ? [] : ['annotations']),
  ].filter((name) => !reported.has(name as (typeof CONFIG)[keyof ImageConfig]));
  if (names.length === 0) return [];
  const shown = names.slice(0, 5).map(printable).join(', ');
  const reason = `image config changed: ${shown}${names.length > 5 ? ', …' : ''}`;
  return [{ attribute: 'image_config', cause: 'file', effect: 'update', reason }];
}

type Fields = Record<string, unknown>;

const fieldsOf = (value: unknown) => (typeof value === 'object' ? (value as Fields | null) : null);

function differing(before: Fields | null | undefined, after: Fields | null | undefined): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].filter((name) => !equal(before?.[name], after?.[name])).sort();
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

/** The file never changes its size, so another size means that it was truncated or replaced. */
function fileDrift({ size }: ImageSpec, observed: ObservedImage): Difference[] {
  if (observed.size === size) return [];
  const [is, was] = [observed.size, size].map(describeSize);
  return [
    {
      attribute: 'file',
      before: observed.size,
      after: size,
      cause: 'drift',
      effect: 'update',
      reason: `image file has ${is} instead of ${was}`,
    },
  ];
}

/** Exact if the short form would hide the difference. */
function describeSize(bytes: number): string {
  return bytes % 1024 ** 2 === 0 ? formatBytes(bytes) : `${bytes} bytes`;
}
