import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  convertProject,
  convertStack,
  ENGINES,
  type Engine,
  writeFiles,
} from '../../app/project.js';
import { UserError } from '../../model/errors.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print, printToStderr } from '../output.js';

const EXAMPLES = `
Write the output beside the file: relative paths stay as they are. What the other format has no words for
is named on standard error, with its place. In a compose file it is below x-baleine, which baleine reads.
Variables, and the env files of services, become values. Root is not needed.

For another engine there are several files, which --out writes into a folder; their paths are relative to
it. The content of a secret is in none of them. Images that are in no registry are named, with the command
that pushes them.

Examples:
  baleine -f compose.yaml convert >baleine.yaml
  baleine -f baleine.yaml convert >compose.yaml
  baleine convert --to kubernetes --out k8s --registry registry.example:5000/team
  baleine convert --to swarm --out swarm --registry registry.example:5000/team
  baleine convert --to quadlet --out /etc/containers/systemd`;

interface Options {
  to?: 'baleine' | 'compose' | Engine;
  out?: string;
  registry?: string;
}

export function register(program: Command): void {
  const command = program
    .command('convert')
    .description(
      'translate a compose file into a baleine.yaml, the other way, or for another engine',
    )
    .addOption(
      new Option('--to <format>', 'format of the output; default: the other one').choices([
        'baleine',
        'compose',
        ...ENGINES,
      ]),
    )
    .option('--out <dir>', 'write files there, instead of to standard output')
    .option('--registry <host/path>', 'where images are that no registry has yet');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async ({ to, out, registry }: Options, self: Command) => {
      if (isEngine(to)) return convertTo(to, { out, registry }, self);
      if (out !== undefined || registry !== undefined) {
        throw new UserError(
          `--out and --registry are for --to ${ENGINES.join(', ')}`,
          'redirect the output of the others',
        );
      }
      const { yaml, lost } = await convertProject(commonOptions(self), to);
      report(lost);
      print(yaml);
    });
}

const isEngine = (to: Options['to']): to is Engine => ENGINES.some((each) => each === to);

async function convertTo(
  engine: Engine,
  { out, registry }: { out: string | undefined; registry: string | undefined },
  self: Command,
): Promise<void> {
  const directory = out === undefined ? undefined : resolve(out);
  const { files, lost, notes } = await convertStack(commonOptions(self), engine, {
    ...(directory !== undefined && { directory }),
    ...(registry !== undefined && { registry }),
  });
  report(lost);
  for (const each of notes) printToStderr(`note: ${each}\n`);
  if (directory === undefined) return print(joined(files));
  for (const name of writeFiles(directory, files)) {
    printToStderr(`left: ${name} in ${out} is not of this conversion\n`);
  }
}

function report(lost: readonly string[]): void {
  for (const each of lost) printToStderr(`lost: ${each}\n`);
}

/** One file as it is; several with their names before them. */
function joined(files: readonly { name: string; text: string }[]): string {
  const [first] = files;
  if (files.length === 1 && first) return first.text;
  return files.map(({ name, text }) => `# file: ${name}\n${text}`).join('\n');
}
