import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { StrictCommand, UnknownWord } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/program.js';
import { unknownWord } from '../../src/cli/suggest-command.js';

async function program(): Promise<Command> {
  const made = new StrictCommand('baleine').enablePositionalOptions();
  for (const load of Object.values(COMMANDS)) (await load()).register(made);
  return made;
}

async function hintFor(...words: string[]): Promise<string | undefined> {
  const error = await (await program()).parseAsync(words, { from: 'user' }).catch((each) => each);
  expect(error).toBeInstanceOf(UnknownWord);
  return unknownWord(error).hint;
}

it.each([
  [['aplly'], 'did you mean "apply"?'],
  [['history'], 'did you mean "baleine image history"?'],
  [['df'], 'did you mean "baleine system df"?'],
  [['images'], 'did you mean "baleine image list"?'],
  [['networks'], 'did you mean "baleine network list"?'],
  [['create'], 'did you mean "baleine apply"?'],
  [['rm'], 'did you mean "baleine plan --destroy"?'],
  [['stacks'], 'did you mean "baleine ls"?'],
  [['rmi'], 'did you mean "baleine image list"?'],
  [['container', 'lst'], 'did you mean "list"?'],
  [['delete'], 'baleine --help shows what there is'],
  [['cron', 'shwo'], 'did you mean "show"?'],
  [['plan', '--targt', 'x'], 'did you mean "--target"?'],
])('helps with %j', async (words, hint) => {
  expect(await hintFor(...words)).toBe(hint);
});

it.each([
  ['destroy'],
  ['down'],
  ['kill'],
  ['stop'],
  ['restart'],
  ['rollback'],
  ['container', 'rm'],
  ['image', 'prune'],
  ['cron', 'remove'],
  ['state', 'repair'],
])('never suggests %s %s for a typo', async (...words) => {
  const name = words.pop() as string;
  const slips = [
    name.slice(1),
    name.slice(0, -1),
    `${name}x`,
    `${name[1]}${name[0]}${name.slice(2)}`,
  ];
  for (const slip of slips.filter((each) => !Object.hasOwn(COMMANDS, each)))
    expect(await hintFor(...words, slip)).not.toContain(`"${name}"`);
});
