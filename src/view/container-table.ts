import type { ListedContainer } from '../model/listed-container.js';
import { formatDuration } from './duration.js';
import { renderTable } from './table.js';
import { formatValue } from './value.js';

const HEADER = ['NAME', 'IMAGE', 'STATUS', 'UPTIME', 'ADDRESSES', 'LIMITS', 'HEALTH'];

/** What `ps` prints; `-` where there is nothing to say. */
export function containerTable(
  containers: readonly ListedContainer[],
  { stacks }: { stacks: boolean },
): string {
  const rows = containers.map((each) => [
    ...(stacks ? [each.stack] : []),
    each.name,
    each.image,
    statusText(each),
    each.uptime === undefined ? '-' : uptimeText(each.uptime),
    pairs(each.addresses),
    limitsText(each),
    '-',
  ]);
  return renderTable([...(stacks ? ['STACK'] : []), ...HEADER], rows);
}

/** `running`, `exited (137, out of memory)`. */
function statusText({ status, exit_code, out_of_memory }: ListedContainer): string {
  if (exit_code === undefined) return status;
  return `${status} (${exit_code}${out_of_memory ? ', out of memory' : ''})`;
}

/** The two largest units: `3d4h`, `5m12s`. */
function uptimeText(milliseconds: number): string {
  const text = formatDuration(Math.floor(milliseconds / 1000) * 1000);
  return (text.match(/\d+[a-z]+/g) ?? []).slice(0, 2).join('');
}

function limitsText({ limits }: ListedContainer): string {
  return pairs(
    Object.fromEntries(
      Object.entries(limits).map(([name, value]) => [name, formatValue(`limits.${name}`, value)]),
    ),
  );
}

function pairs(values: Record<string, string | null>): string {
  const texts = Object.entries(values).map(([name, value]) => `${name}=${value ?? ''}`);
  return texts.join(',') || '-';
}
