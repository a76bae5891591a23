import { type Command, Option } from 'commander';
import type { AnyKey } from '../kinds/key.js';
import { append } from './options.js';

type Keys = Readonly<Record<string, AnyKey>>;

/** Adds the options by which a command takes the keys of a kind. */
export function addKeyFlags(command: Command, keys: Keys): Command {
  for (const { flag } of Object.values(keys)) {
    if (flag?.repeatable) command.option(flag.flags, flag.help, append);
    else if (flag) command.option(flag.flags, flag.help);
  }
  return command;
}

/** The keys that a command has as options, as the file would have them. */
export function keyFlags(options: object, keys: Keys): Record<string, unknown> {
  const values = options as Readonly<Record<string, unknown>>;
  const found = Object.entries(keys).flatMap(([name, { flag }]) => {
    const value = flag && values[new Option(flag.flags).attributeName()];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}
