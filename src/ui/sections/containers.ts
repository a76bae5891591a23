import type { Limits } from '../../model/config.js';
import type { ContainerNode } from '../../model/topology.js';
import { formatDuration } from '../../view/duration.js';
import { stateWords } from '../../view/graph/words.js';
import { safe } from '../../view/markup.js';
import { formatValue } from '../../view/value.js';
import type { PageLook, Use } from '../look.js';
import { anchorOf, cell, gauge, mark, perSecond, roughly, sparkline } from './parts.js';

/** How many looks a line of CPU use goes back. */
export const PLACES = 60;

/** A row for every container: how it is, what it may use, and what it does. */
export function containersSection({ topology, uses }: PageLook): string {
  if (topology.containers.length === 0) return '<p class="none">There are no containers.</p>';
  const rows = topology.containers.map((each) => row(each, uses.get(each.name)));
  const heads = ['Container', 'State', 'CPU', 'Memory', 'Processes', 'Network', 'Disk'];
  return [
    '<table><thead><tr>',
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
    ...(use ? useCells(use, limits) : [cell('Use', '<span class="soft">–</span>', 'rest')]),
    '</tr>',
  ].join('');
}

/** With what there is to know beside it: since when, until when, why. */
function stateCell(container: ContainerNode): string {
  const { uptime, restarts, next_try: next, halted, health } = container;
  const more = [
    ...(uptime === undefined ? [] : [`for ${shortly(uptime)}`]),
    ...(restarts === undefined ? [] : [`restarts: ${restarts}`]),
    ...(next === undefined ? [] : [`next try at ${new Date(next).toTimeString().slice(0, 8)}`]),
    ...(halted === undefined ? [] : [halted]),
    ...(health?.reason === undefined ? [] : [health.reason]),
  ];
  return `<span class="state">${safe(stateWords(container))}</span><span class="soft">${safe(more.join(', '))}</span>`;
}

/** The two largest units. */
function shortly(milliseconds: number): string {
  const text = formatDuration(Math.floor(milliseconds / 1000) * 1000);
  return (text.match(/\d+[a-z]+/g) ?? []).slice(0, 2).join(' ');
}

function useCells(use: Use, limits: Limits): string[] {
  const { cpu_percent: cpu, memory, pids, rates, history } = use;
  const { cpus } = limits;
  const top = cpus === undefined ? Math.max(100, ...history) : cpus * 100;
  const value = (text: string, of?: string) =>
    `<span class="value">${text}${of === undefined ? '' : ` <span class="soft">of ${of}</span>`}</span>`;
  const alarms = [...(use.oom_kills > 0 ? [`${use.oom_kills} killed for memory`] : [])].map(
    (text) => `<span class="state alarm">${text}</span>`,
  );
  return [
    cell(
      'CPU',
      value(`${cpu.toFixed(1)}%`, cpus === undefined ? undefined : `${round(cpus * 100)}%`) +
        sparkline(history, top, PLACES),
    ),
    cell(
      'Memory',
      value(roughly(memory), limited('memory', limits.memory)) +
        gauge(memory, limits.memory) +
        alarms.join(''),
    ),
    cell('Processes', value(String(pids), String(limits.pids)) + gauge(pids, limits.pids)),
    cell('Network', value(`↓ ${perSecond(rates.received)}<br>↑ ${perSecond(rates.sent)}`), 'rates'),
    cell('Disk', value(`↓ ${perSecond(rates.read)}<br>↑ ${perSecond(rates.written)}`), 'rates'),
  ];
}

const limited = (name: string, value: number | undefined) =>
  value === undefined ? undefined : safe(formatValue(`limits.${name}`, value));

const round = (number: number) => Math.round(number * 10) / 10;
