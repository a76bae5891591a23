import type { Command } from 'commander';
import { suggest } from '../config/suggest.js';
import { UserError } from '../model/errors.js';
import { helpHint, type UnknownWord } from './command.js';

/** Words of other tools for what is asked, by the whole of the command behind `baleine`. */
const OTHERS: Record<string, string> = {
  attach: 'exec',
  check: 'plan',
  config: 'plan',
  dashboard: 'ui',
  diff: 'plan',
  enter: 'exec',
  history: 'events',
  images: 'image list',
  info: 'doctor',
  list: 'ps',
  log: 'logs',
  ls: 'ps',
  monitor: 'stats',
  networks: 'network list',
  preview: 'plan',
  sh: 'exec',
  shell: 'exec',
  ssh: 'exec',
  status: 'ps',
  up: 'apply',
  validate: 'plan',
  volumes: 'volume list',
};

/** What is never suggested: to run one of these for a slip of the hand could cost something. */
const DESTRUCTIVE =
  /^(destroy|rm|remove|prune|kill|stop|restart|pause|rollback|scale|repair|mv|rename|heal|--volumes|--force)$/;

/** A word that no command knows as an error, with what may have been meant. */
export function unknownWord({ message, command, kind, word }: UnknownWord): UserError {
  const meant = kind === 'command' ? commandMeant(command, word) : optionMeant(command, word);
  return new UserError(message, meant ?? helpHint(command));
}

function commandMeant(command: Command, word: string): string | undefined {
  const other = command.parent || !Object.hasOwn(OTHERS, word) ? undefined : OTHERS[word];
  if (other !== undefined) return `did you mean ${JSON.stringify(`baleine ${other}`)}?`;
  const names = visible(command).flatMap((each) => [each.name(), ...each.aliases()]);
  return suggest(word, harmless(names));
}

function optionMeant(command: Command, word: string): string | undefined {
  const names: string[] = [];
  for (let each: Command | null = command; each; each = each.parent) {
    names.push(...each.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])));
  }
  return suggest(word.split('=', 1)[0] ?? '', harmless(names));
}

const harmless = (names: string[]) => names.filter((name) => !DESTRUCTIVE.test(name));

const visible = (command: Command) => command.createHelp().visibleCommands(command);
