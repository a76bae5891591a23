import type { Command } from 'commander';
import { Context, type Finding } from '../../app/context.js';
import { jsonText } from '../../model/printable.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print } from '../output.js';

export function register(program: Command): void {
  const command = program
    .command('doctor')
    .description('tell what this host has and lacks, and what mends it')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  baleine doctor');
  addCommonOptions(command).action(async (options: { json?: boolean }, self: Command) => {
    process.exitCode = await runDoctor(self, options);
  });
}

/** Not only for root: that one is not root is the first thing to tell. */
async function runDoctor(command: Command, { json = false }: { json?: boolean }): Promise<number> {
  const findings = await new Context(commonOptions(command)).examine();
  const lines = json ? findings.map((each) => jsonText(each)) : plainLines(findings);
  print(`${lines.join('\n')}\n`);
  return findings.some(({ status }) => status === 'fail') ? 1 : 0;
}

export function plainLines(findings: Finding[]): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const indent = ' '.repeat('warn  '.length + width + 2);
  return findings.flatMap(({ name, status, detail, fix }) => [
    `${status.padEnd(4)}  ${name.padEnd(width)}  ${detail}`,
    ...(fix === undefined ? [] : [`${indent}→ ${fix}`]),
  ]);
}
