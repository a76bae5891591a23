import { formatValue } from '../model/attribute-text.js';
import { describeExit } from '../model/exit.js';
import { formatBytes, formatDuration } from '../model/format.js';
import type { ListedContainer } from '../model/listed-container.js';
import { formatAllPublished } from '../model/publish.js';
import { renderTable } from './tables.js';

const HEADER = ['NAME', 'IMAGE', 'STATUS', 'UPTIME', 'ADDRESSES'];
const MORE = ['LIMITS', 'RESTARTS', 'HEALTH'];

/** The output of `ps`; `-` for an empty cell. The column of ports only if there are any. */
export function containerTable(
  containers: readonly ListedContainer[],
  { stacks, pids = false, now = Date.now() }: { stacks: boolean; pids?: boolean; now?: number },
): string {
  const ports = containers.some(({ publish }) => publish);
  const rows = containers.map((each) => [
    ...(pids ? [String(each.pid ?? '-')] : []),
    ...(stacks ? [each.stack] : []),
    each.name,
    each.image,
    statusText(each, now),
    each.uptime === undefined ? '-' : uptimeText(each.uptime),
    [each.addresses, each.addresses6].flatMap((all) => (all ? pairs(all) : [])).join(','),
    ...(ports ? [each.publish ? formatAllPublished(each.publish) : '-'] : []),
    limitsText(each),
    restartsText(each),
    healthText(each),
  ]);
  const first = [...(pids ? ['PID'] : []), ...(stacks ? ['STACK'] : [])];
  const header = [...first, ...HEADER, ...(ports ? ['PUBLISHED'] : []), ...MORE];
  return renderTable(header, rows);
}

/** `running`, `exited (137 SIGKILL, out of memory), next try in 20s`, `exited (0), unhealthy: …`. */
export function statusText(each: ListedContainer, now: number): string {
  const { status, exit_code: code, out_of_memory: outOfMemory = false, next_try, halted } = each;
  const by = each.frozen_by;
  const saved = each.checkpoint;
  const held = each.held && `rolled back (the file asks for another ${each.held.join(', ')})`;
  const left = next_try === undefined ? 0 : Math.ceil((Date.parse(next_try) - now) / 1000);
  return [
    code === undefined ? status : `${status} (${describeExit({ code, outOfMemory })})`,
    ...(by ? [by.alive ? `frozen by ${by.purpose}` : `left frozen by a killed ${by.purpose}`] : []),
    ...(left > 0 ? [`next try in ${formatDuration(left * 1000)}`] : []),
    ...(halted === undefined ? [] : [halted]),
    ...(held === undefined ? [] : [held]),
    ...(saved ? [`checkpoint of ${saved.created_at} (${formatBytes(saved.size)})`] : []),
  ].join(', ');
}

/** `2, last exit 1`. */
export function restartsText({ restarts, last_exit }: ListedContainer): string {
  if (restarts === undefined) return '-';
  if (!last_exit) return String(restarts);
  const { code, out_of_memory: outOfMemory } = last_exit;
  return `${restarts}, last exit ${describeExit({ code, outOfMemory })}`;
}

/** `healthy`, `failing 1/3 (connection refused)`. */
export function healthText({ health }: ListedContainer): string {
  if (!health) return '-';
  const { status, failures, retries, reason } = health;
  const streak = failures > 0 ? ` ${failures}/${retries}` : '';
  return `${status}${streak}${reason === undefined ? '' : ` (${reason})`}`;
}

/** The two largest units: `3d4h`, `5m12s`. */
export function uptimeText(milliseconds: number): string {
  const text = formatDuration(Math.floor(milliseconds / 1000) * 1000);
  return (text.match(/\d+[a-z]+/g) ?? []).slice(0, 2).join('');
}

export function limitsText({ limits }: ListedContainer): string {
  return pairs(
    Object.fromEntries(
      Object.entries(limits).map(([name, value]) => [name, formatValue(`limits.${name}`, value)]),
    ),
  );
}

export function pairs(values: Record<string, string | null>): string {
  const texts = Object.entries(values).map(([name, value]) => `${name}=${value ?? ''}`);
  return texts.join(',') || '-';
}
