import { readFileSync } from 'node:fs';

const [, , ...args] = process.argv;

/** From package.json, which stands beside both src and dist. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // answered before anything else is loaded
  process.stdout.write(`${version()}\n`);
} else {
  const { runProgram } = await import('./cli/program.js');
  process.exitCode = await runProgram(args, version());
}
