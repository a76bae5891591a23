import { Command } from 'commander';
import { expect, it } from 'vitest';
import { StrictCommand } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/program.js';

/** Imperative commands, and those that also work on a file. */
const ABOUT =
  /^((container|image|network|volume) .*|ps|stats|logs|start|stop|restart|(un)?pause|kill|cp|top|inspect)$/;
/** Prints the output of the program in the container. */
const OTHERS_OUTPUT = 'container exec';

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

it('has no default in milliseconds', async () => {
  const numbers = (await all()).flatMap(([path, { options }]) =>
    options
      .filter(({ defaultValue, defaultValueDescription }) => {
        return typeof defaultValue === 'number' && defaultValueDescription === undefined;
      })
      .filter(({ flags }) => flags.includes('<duration>'))
      .map(({ flags }) => `${path} ${flags}`),
  );
  expect(numbers).toEqual([]);
  const [, status] = (await all()).find(([path]) => path === 'farm status') ?? [];
  expect(helpOf(status as Command)).toContain('(default: 1s)');
});

it('does not mention empty lists as defaults', () => {
  const command = new StrictCommand('x').option('-e <K=V>', 'set it', (text) => [text], []);
  expect(helpOf(command)).toMatch(/-e <K=V> +set it\n/);
});

it('gives every command about resources a --json option', async () => {
  const silent = (await all())
    .filter(([, { options }]) => !options.some(({ long }) => long === '--json'))
    .map(([path]) => path)
    .filter((path) => ABOUT.test(path) && path !== OTHERS_OUTPUT);
  expect(silent).toEqual([]);
});
