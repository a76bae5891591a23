import { resolve } from 'node:path';
import { Command, type ErrorOptions, Help, type Option } from 'commander';
import { UserError } from '../model/errors.js';

/** Options that select what a command works on: of different values, none may win silently. */
const SINGLE = new Set(['root', 'stack', 'projectName', 'projectDirectory']);
const PATHS = new Set(['root', 'projectDirectory']);

/** An unknown command or option; a suggestion is looked up later. */
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

/** A command that throws our errors, which are printed in one place. */
export class StrictCommand extends Command {
  constructor(name?: string) {
    super(name);
    // commander would also suggest destructive commands
    this.showSuggestionAfterError(false);
    // an empty list is the default of every repeatable option
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
    const values: string[] = [];
    return this.on(`option:${option.name()}`, (value: string) => {
      values.push(value);
      refuseSeveral(name, values);
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

/** @throws UserError if an option that takes one value has several */
export function refuseSeveral(name: string, values: readonly string[]): void {
  const key = (value: string) => (PATHS.has(name) ? resolve(value) : value);
  if (new Set(values.map(key)).size <= 1) return;
  const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UserError(`cannot take several --${option}: ${values.join(', ')}`);
}
