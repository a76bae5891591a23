import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../config/units.js';
import { type Address, KINDS, parseAddress } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { refuseSeveral } from './command.js';

/** What nearly every command takes, before or after its own name. */
export interface CommonOptions {
  /** The file as given, `-` for standard input; default ./baleine.yaml. */
  file: string;
  /** Absolute. */
  root: string;
  /** False after `--no-color`. */
  color: boolean;
}

const DEFAULT_FILE = 'baleine.yaml';
const DEFAULT_ROOT = '/var/lib/baleine';

/** `-f` is left out for a command that has another meaning for it; `--file` is always there. */
export function addCommonOptions(command: Command, { short = true } = {}): Command {
  command.option(`${short ? '-f, ' : ''}--file <file>`, 'the stack; - for standard input');
  return addSiteOptions(command);
}

/** For a command that no file has a say in. */
export function addSiteOptions(command: Command): Command {
  return command
    .option('--root <dir>', 'where state and disks are kept')
    .option('--no-color', 'never colour the output');
}

/** As given on the command line, the innermost first, then the environment, then the default. */
export function commonOptions(command: Command): CommonOptions {
  const root = given(command, 'root') ?? process.env.BALEINE_ROOT ?? DEFAULT_ROOT;
  return {
    file: String(given(command, 'file') ?? DEFAULT_FILE),
    root: resolveRoot(String(root || DEFAULT_ROOT)),
    color: given(command, 'color') !== false,
  };
}

/**
 * Without links, so that one folder is one installation by whatever path it is reached. What is not
 * there yet keeps its name below what is.
 *
 * @throws UserError for a path that not all programs we run can be given
 */
export function resolveRoot(root: string): string {
  const path = withoutLinks(resolve(root));
  const wrong = BARRED.find(([pattern]) => pattern.test(path));
  if (!wrong) return path;
  throw new UserError(
    `cannot use ${JSON.stringify(path)} as --root: ${wrong[1]}`,
    'Choose a path without that; all else is allowed.',
  );
}

const BARRED: [RegExp, string][] = [
  [/\p{Cc}/u, 'there are line breaks or other control characters in it'],
  [/\?/, 'e2fsck and mkfs.ext4 take what follows a ? for options'],
  [/\ufffd/, 'it is not UTF-8'],
];

function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(withoutLinks(parent), basename(path));
  }
}

/** @throws UserError when it is given differently before and after the command's name */
function given(command: Command, name: string): unknown {
  const values: unknown[] = [];
  for (let each: Command | null = command; each; each = each.parent) {
    if (each.getOptionValueSource(name) === 'cli') values.push(each.getOptionValue(name));
  }
  if (name !== 'color') refuseSeveral(name, values.map(String).reverse());
  return values[0];
}

/** A repeatable option of addresses. */
export function addressList(text: string, before: Address[] = []): Address[] {
  if (!parseAddress(text)) {
    throw new InvalidArgumentError(`An address is ${KINDS.join(', ')}, a dot and a name.`);
  }
  return [...before, text as Address];
}

/** `30s`, `1m30s`, or a bare number of seconds; answers milliseconds. */
export function duration(text: string): number {
  const milliseconds = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('A duration is like 30s or 1m30s.');
}

/** 1 and up. */
export function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1) throw new InvalidArgumentError('A number from 1 up.');
  return number;
}

/** 0 and up. */
export function countOrNone(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A number from 0 up.');
  return Number(text);
}

/** `--refresh=false` as Terraform has it. */
export function yesOrNo(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('true or false.');
  return text === 'true';
}
