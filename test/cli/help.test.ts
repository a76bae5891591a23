import { Command } from 'commander';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/program.js';

/** What they print is what something else prints, or a script. */
const NOTHING_TO_TELL = ['exec', 'container exec', 'run', 'completion', 'graph'];
/** Lines for crontab(5), and rows that are JSON without asking. */
const NOT_YET = /^(cron|state) /;

async function all(): Promise<[string, Command][]> {
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

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

it('shows an example of every command', async () => {
  const without = (await all()).filter(([, command]) => !/^Examples?:$/m.test(helpOf(command)));
  expect(without.map(([path]) => path)).toEqual([]);
});

it('has every command speak JSON that has something to tell', async () => {
  const silent = (await all())
    .filter(([, { options }]) => !options.some(({ long }) => long === '--json'))
    .map(([path]) => path)
    .filter((path) => !NOTHING_TO_TELL.includes(path) && !NOT_YET.test(path));
  expect(silent).toEqual([]);
});
