import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { stackName } from '../../app/lookup.js';
import { topologyOf, writeGraph } from '../../app/topology.js';
import type { Topology } from '../../model/topology.js';
import { localTime } from '../../view/tables.js';
import { addCommonOptions } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

type Format = keyof typeof RENDER;

interface Options {
  format: Format;
  output?: string;
  stack?: string;
}

const EXAMPLES = `
Examples:
  baleine graph -o stack.svg
  baleine graph --format mermaid`;

export function register(program: Command): void {
  const command = program
    .command('graph')
    .description('visualize bridges, containers and farms as they are now')
    .addOption(
      new Option('--format <format>', 'format of the picture')
        .choices(Object.keys(RENDER))
        .default('svg'),
    )
    .option('-o, --output <file>', 'write to a file')
    .option('--stack <name>', 'the stack, without its file');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: Options, self: Command) => draw(openContext(self), options));
}

const RENDER = {
  svg: async (topology: Topology, at: string) =>
    (await import('../../view/graph/svg.js')).svgFile(topology, at),
  html: async (topology: Topology, at: string) =>
    (await import('../../view/graph/html.js')).htmlFile(topology, at),
  mermaid: async (topology: Topology) =>
    (await import('../../view/graph/mermaid.js')).mermaidGraph(topology),
  dot: async (topology: Topology) => (await import('../../view/graph/dot.js')).dotGraph(topology),
};

async function draw(context: Context, { format, output, stack: name }: Options): Promise<void> {
  const stack = await stackName(context, name);
  const { rows } = context.state();
  const topology = topologyOf(stack, rows, await context.probe(), context.paths);
  const text = await RENDER[format](topology, localTime(new Date()));
  if (output === undefined) return print(text);
  await writeGraph(output, text);
}
