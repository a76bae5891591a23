import type { Command } from 'commander';
import { Context } from '../../app/context.js';
import { examine, type Finding } from '../../app/examine.js';
import { jsonText } from '../../model/printable.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print } from '../output.js';

export function register(program: Command): void {
  const command = program
    .command('doctor')
    .description('check what baleine needs on this host, and how to fix what is missing')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  baleine doctor');
  addCommonOptions(command).action(async (options: { json?: boolean }, self: Command) => {
    process.exitCode = await runDoctor(self, options);
  });
}

/** Runs without root, too, and then reports that first. */
async function runDoctor(command: Command, { json = false }: { json?: boolean }): Promise<number> {
  const findings = await examine(new Context(commonOptions(command)));
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
