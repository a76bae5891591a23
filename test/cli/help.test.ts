import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { StrictCommand } from '../../src/cli/command.js';
import { allCommands } from '../support/commands.js';

/** Imperative commands, and those that also work on a file. */
const ABOUT =
  /^((container|image|network|volume) .*|ps|stats|logs|start|stop|restart|(un)?pause|kill|cp|top|inspect)$/;
/** Prints the output of the program in the container. */
const OTHERS_OUTPUT = 'container exec';

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
  const without = (await allCommands()).filter(
    ([, command]) => !/^Examples?:$/m.test(helpOf(command)),
  );
  expect(without.map(([path]) => path)).toEqual([]);
});

it('has no default in milliseconds', async () => {
  const numbers = (await allCommands()).flatMap(([path, { options }]) =>
    options
      .filter(({ defaultValue, defaultValueDescription }) => {
        return typeof defaultValue === 'number' && defaultValueDescription === undefined;
      })
      .filter(({ flags }) => flags.includes('<duration>'))
      .map(({ flags }) => `${path} ${flags}`),
  );
  expect(numbers).toEqual([]);
  const [, status] = (await allCommands()).find(([path]) => path === 'farm status') ?? [];
  expect(helpOf(status as Command)).toContain('(default: 1s)');
});

it('does not mention empty lists as defaults', () => {
  const command = new StrictCommand('x').option('-e <K=V>', 'set it', (text) => [text], []);
  expect(helpOf(command)).toMatch(/-e <K=V> +set it\n/);
});

it('gives every command about resources a --json option', async () => {
  const silent = (await allCommands())
    .filter(([, { options }]) => !options.some(({ long }) => long === '--json'))
    .map(([path]) => path)
    .filter((path) => ABOUT.test(path) && path !== OTHERS_OUTPUT);
  expect(silent).toEqual([]);
});
