import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { swarmOf } from '../../app/engine.js';
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
  const topology = await look(context, name);
  const text = await RENDER[format](topology, localTime(new Date()));
  if (output === undefined) return print(text);
  await writeGraph(output, text);
}

/** On this host, or on the swarm of the file. */
async function look(context: Context, name: string | undefined): Promise<Topology> {
  const found = name === undefined ? await swarmOf(context) : undefined;
  if (found) {
    const { swarmTopology } = await import('../../app/swarm/topology.js');
    const { swarm, config } = found;
    return swarmTopology(config.name, swarm.state().rows, await swarm.probe());
  }
  const stack = await stackName(context, name);
  return topologyOf(stack, context.state().rows, await context.probe(), context.paths);
}
