import { Command } from 'commander';
import { COMMANDS } from '../../src/cli/program.js';

/** Every command that can be run, by its words, `volume rm`; those that the help does not show are left out. */
export async function allCommands(): Promise<[string, Command][]> {
  const program = new Command('baleine').enablePositionalOptions();
  for (const load of Object.values(COMMANDS)) (await load()).register(program);
  const leaves = (command: Command, words: string[]): [string, Command][] =>
    command
      .createHelp()
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help')
      .flatMap((each): [string, Command][] => {
        const path = [...words, each.name()];
        return each.commands.length > 0 ? leaves(each, path) : [[path.join(' '), each]];
      });
  return leaves(program, []);
}
