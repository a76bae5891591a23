import { resolve } from 'node:path';
import { Command, type ErrorOptions, Help, type Option } from 'commander';
import { UserError } from '../model/errors.js';

/** Options that say what a command is about: the last of several must not win without a word. */
const SINGLE = new Set(['file', 'root', 'stack']);
const PATHS = new Set(['file', 'root']);

/** A word of the command line that no command knows; what may have been meant is found out later. */
export class UnknownWord extends Error {
  constructor(
    message: string,
    readonly command: Command,
    readonly kind: 'command' | 'option',
    readonly word: string,
  ) {
    super(message);
  }
}

/** A command whose mistakes are errors of ours, which are printed in one place. */
export class StrictCommand extends Command {
  constructor(name?: string) {
    super(name);
    // its own would name any command
    this.showSuggestionAfterError(false);
    // that nothing is repeated by default is no news
    this.configureHelp({
      optionDescription: (option) =>
        new Help().optionDescription(option).replace(/ \(default: \[\]\)$/, ''),
    });
  }

  override createCommand(name?: string): Command {
    return new StrictCommand(name);
  }

  override addOption(option: Option): this {
    super.addOption(option);
    const name = option.attributeName();
    if (!SINGLE.has(name)) return this;
    const given: string[] = [];
    return this.on(`option:${option.name()}`, (value: string) => {
      given.push(value);
      refuseSeveral(name, given);
    });
  }

  override error(message: string, { code }: ErrorOptions = {}): never {
    const text = message.replace(/^error: /, '');
    const [, kind, word] = /^unknown (command|option) '(.*)'$/s.exec(text) ?? [];
    if (code === 'commander.unknownCommand' || code === 'commander.unknownOption') {
      throw new UnknownWord(text, this, kind as UnknownWord['kind'], word ?? '');
    }
    throw new UserError(text, helpHint(this));
  }
}

export function helpHint(command: Command): string {
  const names: string[] = [];
  for (let each: Command | null = command; each; each = each.parent) names.unshift(each.name());
  return `${names.join(' ')} --help shows what there is`;
}

/** @throws UserError when an option that is to be given once has several values */
export function refuseSeveral(name: string, values: readonly string[]): void {
  const key = (value: string) => (PATHS.has(name) && value !== '-' ? resolve(value) : value);
  if (new Set(values.map(key)).size <= 1) return;
  const hint = name === 'file' ? 'Several files are not merged yet.' : undefined;
  throw new UserError(`cannot take several --${name}: ${values.join(', ')}`, hint);
}
