import manifest from '../package.json' with { type: 'json' };

const [, , ...args] = process.argv;

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // answered before anything else is loaded
  process.stdout.write(`${manifest.version}\n`);
} else {
  const { runProgram } = await import('./cli/program.js');
  process.exitCode = await runProgram(args, manifest.version);
}
