import { formatValue } from '../../../model/attribute-text.js';
import type { Limits } from '../../../model/config.js';
import { formatDuration } from '../../../model/format.js';
import { safe } from '../../../model/printable.js';
import type { ContainerNode } from '../../../model/topology.js';
import { stateText } from '../../graph/labels.js';
import type { PageData, Use } from '../page-data.js';
import { anchorOf, cell, gauge, mark, perSecond, roughly, sparkline } from './parts.js';

/** How many updates the CPU line covers. */
export const PLACES = 60;
/** Percent of a CPU that the line's height stands for, at least. */
const LOW = 20;

/** A row for every container: state, limits and usage. */
export function containersSection({ topology, uses }: PageData): string {
  if (topology.containers.length === 0) return '<p class="none">There are no containers.</p>';
  const rows = topology.containers.map((each) => row(each, uses.get(each.name)));
  const heads = ['Container', 'State', 'CPU', 'Memory', 'Processes', 'Network', 'Disk'];
  return [
    '<table class="use"><thead><tr>',
    ...heads.map((head) => `<th scope="col">${head}</th>`),
    `</tr></thead><tbody>${rows.join('\n')}</tbody></table>`,
  ].join('');
}

function row(container: ContainerNode, use: Use | undefined): string {
  const { name, image, tone, limits } = container;
  const title = `<span class="mono strong">${safe(name)}</span><span class="mono soft">${safe(image)}</span>`;
  return [
    `<tr id="${anchorOf(name)}" class="${tone}" tabindex="-1" data-container="${safe(name)}" data-status="${container.status}">`,
    `<th scope="row"><div class="who">${mark(tone)}<div>${title}</div></div></th>`,
    cell('State', stateCell(container)),
    ...(use ? useCells(use, limits) : ['<td class="rest" colspan="5"></td>']),
    '</tr>',
  ].join('');
}

/** The state, with its duration and cause. */
function stateCell(container: ContainerNode): string {
  const { uptime, restarts, next_try: next, halted, health } = container;
  const more = [
    ...(uptime === undefined ? [] : [`for ${shortly(uptime)}`]),
    ...(restarts === undefined ? [] : [`restarts: ${restarts}`]),
    ...(next === undefined ? [] : [`next try at ${new Date(next).toTimeString().slice(0, 8)}`]),
    ...(halted === undefined ? [] : [halted]),
    ...(health?.reason === undefined ? [] : [health.reason]),
  ];
  return `<span class="state">${safe(stateText(container))}</span><span class="soft">${safe(more.join(', '))}</span>`;
}

/** The two largest units. */
function shortly(milliseconds: number): string {
  const text = formatDuration(Math.floor(milliseconds / 1000) * 1000);
  return (text.match(/\d+[a-z]+/g) ?? []).slice(0, 2).join(' ');
}

function useCells(use: Use, limits: Limits): string[] {
  const { pids, rates } = use;
  return [
    cell('CPU', cpuCell(use, limits)),
    cell('Memory', memoryCell(use, limits)),
    cell('Processes', value(String(pids), String(limits.pids)) + gauge(pids, limits.pids)),
    cell('Network', value(`↓ ${perSecond(rates.received)}<br>↑ ${perSecond(rates.sent)}`), 'rates'),
    cell('Disk', value(`↓ ${perSecond(rates.read)}<br>↑ ${perSecond(rates.written)}`), 'rates'),
  ];
}

function cpuCell({ cpu_percent: cpu, history }: Use, { cpus }: Limits): string {
  const limit = cpus === undefined ? undefined : Math.round(cpus * 1000) / 10;
  const text = value(`${cpu.toFixed(1)}%`, limit === undefined ? undefined : `${limit}%`);
  return text + sparkline(history, limit ?? Math.max(LOW, ...history), PLACES);
}

function memoryCell({ memory, oom_kills: kills }: Use, limits: Limits): string {
  const limit = limits.memory;
  const of = limit === undefined ? undefined : formatValue('limits.memory', limit);
  const killed = kills > 0 ? `<span class="alarm">out-of-memory kills: ${kills}</span>` : '';
  return value(roughly(memory), of) + gauge(memory, limit) + killed;
}

function value(text: string, of?: string): string {
  const rest = of === undefined ? '' : ` <span class="soft">of ${of}</span>`;
  return `<span class="value">${text}${rest}</span>`;
}
