import type { CopyEntry, IoLimit, PublishEntry } from './config.js';
import type { DeviceRule } from './devices.js';
import { formatBytes, formatDuration } from './format.js';
import { canonical } from './json.js';
import { printable } from './printable.js';
import { formatHostPort } from './publish.js';
import type { MountSpec } from './release.js';
import type { DependencySpec } from './specs.js';

const SIZES = /(^|\.)(size|memory|max_size|bytes|file|read_bps|write_bps)$/;
const DURATIONS = /(^|\.)(stop_grace_period|interval|timeout|start_period|drain|monitor|handover)$/;
const DIGESTS = /^(layers|(image|base)\.version|origin\.(image|manifest|fingerprint))$/;
const DIGEST = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]+$/;

/** Words of a command: one added says little without the others. */
const ORDERED = /(^|\.)(command|entrypoint|test|exec|check)$/;

/**
 * A value as a reader of baleine.yaml would write it: `64M`, `10s`, `["busybox","sh"]`. What is made
 * of several values has a short form of its own, `["/srv:/srv:ro"]`; digests are cut as Docker does.
 *
 * @param attribute in the words of the file, `limits.memory`: tells sizes and durations from numbers
 */
export function formatValue(attribute: string, value: unknown): string {
  if (typeof value === 'number' && SIZES.test(attribute)) return formatBytes(value);
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

/** Whether a list is shown whole, and not by what was added to it and removed. */
export function isOrdered(attribute: string): boolean {
  return ORDERED.test(attribute);
}

/** One entry of a list, without quotes: `/srv:/srv:ro`, `device=disk,read_bps=10M`. */
export function formatEntry(attribute: string, entry: unknown): string {
  if (!isObject(entry)) return formatValue(attribute, entry);
  const form = ENTRIES[attribute.slice(attribute.lastIndexOf('.') + 1)] ?? pairs;
  return printable(form(entry as never));
}

/** By the last word of the attribute; as the file or the command line has it. */
const ENTRIES: Record<string, (entry: never) => string> = {
  volumes: ({ source, target, read_only }: MountSpec) =>
    `${source}:${target}${read_only ? ':ro' : ''}`,
  publish: ({ target, proxy_protocol, ...place }: PublishEntry) =>
    `${formatHostPort(place)}:${target}${proxy_protocol ? ' with proxy_protocol' : ''}`,
  copy: ({ from, to, mode, owner }: CopyEntry) => {
    const more = [mode, owner === '0:0' ? undefined : owner].filter(Boolean).join(' ');
    return `${from} → ${to}${more ? ` (${more})` : ''}`;
  },
  devices: (rule: DeviceRule) => ('allow' in rule ? `allow ${rule.allow}` : `deny ${rule.deny}`),
  io: (limit: IoLimit) => pairs({ ...limit }),
  depends_on: ({ name, condition }: DependencySpec) => `${name}: ${condition}`,
};

function pairs(entry: Record<string, unknown>): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${formatValue(name, value)}`)
    .join(',');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
