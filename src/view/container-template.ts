import { UserError } from '../model/errors.js';
import type { ListedContainer } from '../model/listed-container.js';
import { jsonText, printable } from '../model/printable.js';
import { formatAllPublished } from '../model/publish.js';
import {
  healthText,
  limitsText,
  pairs,
  restartsText,
  statusText,
  uptimeText,
} from './container-table.js';
import { renderTable } from './tables.js';

/** What a template can name, each as text; empty where there is nothing. */
const FIELDS: Record<string, (each: ListedContainer) => string> = {
  Name: ({ name }) => name,
  Stack: ({ stack }) => stack,
  Image: ({ image }) => image,
  Status: (each) => statusText(each, Date.now()),
  State: ({ status }) => status,
  ExitCode: ({ exit_code }) => `${exit_code ?? ''}`,
  Pid: ({ pid }) => `${pid ?? ''}`,
  StartedAt: ({ started_at }) => started_at ?? '',
  Uptime: ({ uptime }) => (uptime === undefined ? '' : uptimeText(uptime)),
  Addresses: ({ addresses }) => present(pairs(addresses)),
  Ports: ({ publish = [] }) => formatAllPublished(publish),
  Health: (each) => present(healthText(each)),
  Restarts: (each) => present(restartsText(each)),
  Limits: (each) => present(limitsText(each)),
  Labels: ({ labels = {} }) => present(pairs(labels)),
};

/** Docker's plurals and names of the same fields. */
const OTHER_NAMES: Record<string, string> = { Names: 'Name', ID: 'Name', RunningFor: 'Uptime' };

export const TEMPLATE_FIELDS = Object.keys(FIELDS);

const present = (text: string) => (text === '-' ? '' : text);

/**
 * Lines of a template: fields as `{{.Name}}`, the whole container as `{{json .}}`, `\\t` and `\\n`; all
 * else is text. After the word `table` its columns are separated by `\\t`, and have a header.
 *
 * @throws UserError for an unknown field, or anything else in braces
 */
export function renderTemplate(containers: readonly ListedContainer[], template: string): string {
  const [, columns] = /^table\s+(.*)$/s.exec(template) ?? [];
  const pieces = piecesOf(unescaped(columns ?? template));
  const lines = containers.map((each) => pieces.map((piece) => piece.text(each)).join(''));
  if (columns === undefined) return lines.map((line) => `${line}\n`).join('');
  const header = pieces.map(({ title }) => title).join('');
  const cells = (line: string) => line.split('\t');
  return renderTable(cells(header), lines.map(cells));
}

interface Piece {
  title: string;
  text: (each: ListedContainer) => string;
}

function piecesOf(template: string): Piece[] {
  return template.split(/(\{\{.*?\}\})/s).flatMap((part): Piece[] => {
    if (!part.startsWith('{{')) {
      if (/\{\{|\}\}/.test(part)) throw unknown(part);
      return part === '' ? [] : [{ title: part, text: () => part }];
    }
    const words = part.slice(2, -2).trim();
    if (words === 'json .') return [{ title: 'JSON', text: (each) => jsonText(each) }];
    const named = /^\.(\w+)$/.exec(words)?.[1] ?? '';
    const name = Object.hasOwn(OTHER_NAMES, named) ? (OTHER_NAMES[named] as string) : named;
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (!field) throw unknown(part);
    const title = name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase();
    return [{ title, text: (each) => printable(field(each)) }];
  });
}

const unescaped = (text: string) => text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

function unknown(part: string): UserError {
  return new UserError(
    `cannot format ${JSON.stringify(part)}: it is no field`,
    `Fields are ${TEMPLATE_FIELDS.map((name) => `{{.${name}}}`).join(' ')} and {{json .}}.`,
  );
}
