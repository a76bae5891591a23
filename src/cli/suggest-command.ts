import type { Command } from 'commander';
import { suggest } from '../config/suggest.js';
import { UserError } from '../model/errors.js';
import { helpHint, type UnknownWord } from './command.js';

/** Commands that other tools have under another name. */
const OTHERS: Record<string, string> = {
  attach: 'exec',
  check: 'validate',
  commit: 'image create',
  create: 'apply',
  dashboard: 'ui',
  df: 'system df',
  diff: 'plan',
  enter: 'exec',
  env: 'config',
  export: 'image export',
  history: 'image history',
  images: 'image list',
  rmi: 'image list',
  info: 'doctor',
  list: 'ps',
  load: 'image create',
  log: 'logs',
  monitor: 'stats',
  networks: 'network list',
  preview: 'plan',
  remove: 'plan --destroy',
  rm: 'plan --destroy',
  save: 'image export',
  sh: 'exec',
  shell: 'exec',
  show: 'inspect',
  ssh: 'exec',
  ports: 'port',
  stack: 'ls',
  stacks: 'ls',
  status: 'ps',
  version: '--version',
  volumes: 'volume list',
};

/** Never suggested: running one of these by mistake could lose something. */
const DESTRUCTIVE =
  /^(destroy|down|rm|remove|prune|kill|stop|restart|pause|rollback|scale|repair|mv|rename|heal|--volumes|--force)$/;

/** The error for an unknown command or option, with a suggestion. */
export function unknownWord({ message, command, kind, word }: UnknownWord): UserError {
  const hint = kind === 'command' ? similarCommand(command, word) : similarOption(command, word);
  return new UserError(message, hint ?? helpHint(command));
}

function similarCommand(command: Command, word: string): string | undefined {
  const other = command.parent || !Object.hasOwn(OTHERS, word) ? undefined : OTHERS[word];
  if (other !== undefined) return `did you mean ${JSON.stringify(`baleine ${other}`)}?`;
  const names = visible(command).flatMap((each) => [each.name(), ...each.aliases()]);
  return suggest(word, harmless(names));
}

function similarOption(command: Command, word: string): string | undefined {
  const names: string[] = [];
  for (let each: Command | null = command; each; each = each.parent) {
    names.push(...each.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])));
  }
  return suggest(word.split('=', 1)[0] ?? '', harmless(names));
}

const harmless = (names: string[]) => names.filter((name) => !DESTRUCTIVE.test(name));

const visible = (command: Command) => command.createHelp().visibleCommands(command);
