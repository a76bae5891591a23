import type { CopyEntry, IoLimit, PublishEntry } from './config.js';
import type { FileReference, MountSpec } from './container-values.js';
import type { DeviceSpec } from './device-nodes.js';
import type { DeviceRule } from './devices.js';
import { formatBytes, formatDuration } from './format.js';
import { canonical } from './json.js';
import { printable } from './printable.js';
import { formatPublished } from './publish.js';
import type { DependencySpec } from './specs.js';

const SIZES =
  /(^|\.)(size|shm_size|memory|memory_reservation|memory_swap|max_size|bytes|file|read_bps|write_bps)$/;
const DURATIONS =
  /(^|\.)(stop_grace_period|interval|timeout|start_period|start_interval|drain|monitor|handover)$/;
const DIGESTS = /^(layers|(image|base)\.version|origin\.(image|manifest|fingerprint))$/;
const DIGEST = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]+$/;

/** The words of a command: a single added word says little without the others. */
const ORDERED = /(^|\.)(command|entrypoint|test|exec|check)$/;

/**
 * Formats a value as it would be written in baleine.yaml: `64M`, `10s`, `["busybox","sh"]`.
 * Compound values have a short form, `["/srv:/srv:ro"]`; digests are shortened as Docker does.
 *
 * @param attribute its path in the file, `limits.memory`: distinguishes sizes and durations from
 *   plain numbers
 */
export function formatValue(attribute: string, value: unknown): string {
  if (typeof value === 'number' && value >= 0 && SIZES.test(attribute)) return formatBytes(value);
  if (typeof value === 'number' && DURATIONS.test(attribute)) return formatDuration(value);
  if (typeof value === 'string') return textOf(attribute, value);
  if (Array.isArray(value)) {
    const texts = value.map((each) => (isObject(each) ? formatEntry(attribute, each) : each));
    return printable(canonical(texts));
  }
  return isObject(value) ? formatEntry(attribute, value) : printable(canonical(value));
}

function textOf(attribute: string, text: string): string {
  if (text === '') return '""';
  const short = DIGESTS.test(attribute) ? DIGEST.exec(text)?.[1] : undefined;
  return short ?? printable(text);
}

/** Whether a list is shown as a whole, rather than by its added and removed entries. */
export function isOrdered(attribute: string): boolean {
  return ORDERED.test(attribute);
}

/** One entry of a list, without quotes: `/srv:/srv:ro`, `device=disk,read_bps=10M`. */
export function formatEntry(attribute: string, entry: unknown): string {
  if (!isObject(entry)) return formatValue(attribute, entry);
  const form = ENTRIES[attribute.slice(attribute.lastIndexOf('.') + 1)] ?? pairs;
  return printable(form(entry as never));
}

/** Keyed by the last segment of the attribute. Formatted as in the file or on the command line. */
const ENTRIES: Record<string, (entry: never) => string> = {
  volumes: ({ source, target, read_only, subpath }: MountSpec) =>
    `${[source, subpath].filter(Boolean).join('/')}:${target}${read_only ? ':ro' : ''}`,
  publish: (entry: PublishEntry) =>
    formatPublished(entry) +
    (entry.proxy_protocol ? ' with proxy_protocol' : '') +
    (entry.socket_activation === undefined ? '' : ' by socket activation'),
  copy: ({ from, to, mode, owner }: CopyEntry) => {
    const more = [mode, owner === '0:0' ? undefined : owner].filter(Boolean).join(' ');
    return `${from} → ${to}${more ? ` (${more})` : ''}`;
  },
  secrets: (file: FileReference) => referenceText(file, `/run/secrets/${file.source}`),
  configs: (file: FileReference) => referenceText(file, `/${file.source}`),
  devices: (each: DeviceRule | DeviceSpec) => {
    if ('source' in each) return `${each.source}:${each.target}:${each.access}`;
    return 'allow' in each ? `allow ${each.allow}` : `deny ${each.deny}`;
  },
  io: (limit: IoLimit) => pairs({ ...limit }),
  depends_on: ({ name, condition }: DependencySpec) => `${name}: ${condition}`,
};

/** `token`, or with what is not usual, `token at /etc/token (uid 1000, mode 0440)`. */
function referenceText(file: FileReference, usual: string): string {
  const { source, target, mode, uid, gid } = file;
  const place = target === usual ? source : `${source} at ${target}`;
  const more = [
    uid !== undefined && `uid ${uid}`,
    gid !== undefined && `gid ${gid}`,
    mode !== 0o444 && `mode ${mode.toString(8).padStart(4, '0')}`,
  ].filter((each) => each !== false);
  return more.length > 0 ? `${place} (${more.join(', ')})` : place;
}

function pairs(entry: Record<string, unknown>): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${formatValue(name, value)}`)
    .join(',');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
