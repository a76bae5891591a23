import type { Command, Option } from 'commander';
import { StrictCommand } from '../../src/cli/command.js';
import { addCommonOptions } from '../../src/cli/options.js';
import { COMMANDS } from '../../src/cli/program.js';

const HEAD = `# Every command and option

<!-- Generated from the program by \`npm run docs\`. Do not edit. -->

Commands mirror Terraform (plan, apply, destroy) and Docker Compose (the rest). \`baleine COMMAND
--help\` prints the same. Exit codes: 0; 1 for an error; 2 from \`plan --detailed-exitcode\` when there
is something to do; 75 when another run holds the lock; 130 when interrupted.
`;

const VARIABLES = `## Environment variables

| variable | |
|---|---|
| \`BALEINE_ROOT\` | default of \`--root\` |
| \`BALEINE_FAST_PATH=0\` | read no cache and write none: every run parses the file and all tables, and makes the whole plan. Results are the same |
| \`BALEINE_DEBUG=1\` | show where in the program an error comes from |
| \`NO_COLOR\` | never color the output |
`;

/** The page docs/reference/commands.md. */
export async function commandsPage(): Promise<string> {
  const program = addCommonOptions(new StrictCommand('baleine').enablePositionalOptions());
  for (const load of Object.values(COMMANDS)) (await load()).register(program);
  const common = visibleOptions(program).filter(({ long }) => long !== '--help');
  const commands = visibleCommands(program).flatMap((each) => withSubcommands(each));
  return [
    HEAD,
    '## Common options\n',
    'Nearly every command takes these, before or after its name.\n',
    optionTable(common, program),
    VARIABLES,
    ...commands.map((each) => section(each, common)),
  ].join('\n');
}

function withSubcommands(command: Command): Command[] {
  return [command, ...visibleCommands(command).flatMap(withSubcommands)];
}

/** Every group has commander's own `help`. */
function visibleCommands(command: Command): Command[] {
  const all = command.createHelp().visibleCommands(command);
  return all.filter((each) => each.name() !== 'help');
}

function visibleOptions(command: Command): Option[] {
  return command.createHelp().visibleOptions(command);
}

function section(command: Command, common: Option[]): string {
  const help = command.createHelp();
  const isCommon = ({ long }: Option) =>
    long === '--help' || common.some((each) => each.long === long);
  const options = visibleOptions(command).filter((each) => !isCommon(each));
  const args = help.visibleArguments(command);
  const isGroup = visibleCommands(command).length > 0;
  return [
    `${isGroup || !command.parent?.parent ? '##' : '###'} baleine ${path(command)}\n`,
    `${sentence(command.description())}\n`,
    ...(isGroup ? [] : ['```text', help.commandUsage(command), '```\n']),
    ...(args.length === 0
      ? []
      : [
          '| argument | |\n|---|---|',
          ...args.map(
            (each) =>
              `| \`${help.argumentTerm(each)}\` | ${cell(help.argumentDescription(each))} |`,
          ),
          '',
        ]),
    ...(options.length === 0 ? [] : [optionTable(options, command)]),
  ].join('\n');
}

function optionTable(options: Option[], command: Command): string {
  const help = command.createHelp();
  const rows = options.map(
    (each) => `| \`${help.optionTerm(each)}\` | ${cell(help.optionDescription(each))} |`,
  );
  return ['| option | |', '|---|---|', ...rows, ''].join('\n');
}

function path(command: Command): string {
  const parent = command.parent?.parent ? `${path(command.parent)} ` : '';
  return `${parent}${command.name()}`;
}

const sentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
const cell = (text: string) =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
