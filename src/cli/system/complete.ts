import type { Command } from 'commander';
import { Context } from '../../app/context.js';
import { recordedFarms } from '../../farm/status.js';
import { IMPERATIVE_STACK, type KindName } from '../../model/address.js';
import type { Row } from '../../model/resource.js';
import { commonOptions } from '../options.js';
import { print } from '../output.js';

/** The kind that a word names, by the option before it or by its command. */
const BY_OPTION: Record<string, KindName> = {
  '--image': 'image',
  '--from-image': 'image',
  '--bridge': 'bridge',
};
const BY_COMMAND: Record<string, KindName> = {
  image: 'image',
  network: 'bridge',
  volume: 'volume',
  run: 'image',
};

/** Arguments that name a container, an image, a network or a service; others are files, or nothing. */
const ARGUMENTS = new Set(['name', 'image', 'network', 'service']);

/** For the scripts of `baleine completion`. */
export function register(program: Command): void {
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .passThroughOptions()
    .action((words: string[], _options: unknown, self: Command) => {
      const line = words[0] === '--' ? words.slice(1) : words;
      const found = candidates(program, line, () => rowsFor(self));
      print(found.map((each) => `${each}\n`).join(''));
    });
}

/** Empty if there is no state, or it may not be read. */
function rowsFor(command: Command): readonly Row[] {
  try {
    return new Context(commonOptions(command)).state().rows;
  } catch {
    return [];
  }
}

/** All completions of the last word. */
export function candidates(
  program: Command,
  words: readonly string[],
  rows: () => readonly Row[],
): string[] {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const command = commandAt(program, before);
  const found = last.startsWith('-')
    ? command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => long ?? [])
    : (namesAfter(before.at(-1), command, rows) ?? subcommands(command));
  return [...new Set(found)].filter((each) => each.startsWith(last)).sort();
}

function commandAt(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const named = (each: Command) => each.name() === word || each.aliases().includes(word);
    command = command.commands.find(named) ?? command;
  }
  return command;
}

function subcommands(command: Command): string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());
}

function namesAfter(
  previous: string | undefined,
  command: Command,
  rows: () => readonly Row[],
): string[] | undefined {
  const kind = BY_OPTION[previous ?? ''];
  if (kind) return namesOf(kind, rows());
  if (command.commands.length > 0) return undefined;
  const family = command.parent?.name() ?? '';
  const takes = command.registeredArguments[0]?.name() ?? '';
  if (!ARGUMENTS.has(takes) || command.name() === 'create') return [];
  const own =
    family === 'container' ? rows().filter(({ stack }) => stack === IMPERATIVE_STACK) : rows();
  // `run` takes a service of the file, or an image
  const isRun = command.name() === 'run';
  const farms = takes === 'service' || isRun ? recordedFarms(own).map(({ name }) => name) : [];
  const ofFiles = isRun ? own.filter(({ stack }) => stack !== IMPERATIVE_STACK) : [];
  return [
    ...farms,
    ...namesOf('container', ofFiles),
    ...namesOf(BY_COMMAND[family] ?? BY_COMMAND[command.name()] ?? 'container', own),
  ];
}

const namesOf = (kind: KindName, rows: readonly Row[]) =>
  rows.filter((row) => row.kind === kind).map(({ name }) => name);
