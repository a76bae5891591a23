import { writeSync } from 'node:fs';
import manifest from '../package.json' with { type: 'json' };

const [, , ...args] = process.argv;

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // answered before anything else is loaded
  try {
    writeSync(1, `${manifest.version}\n`);
  } catch {
    process.exitCode = 1;
  }
} else {
  void import('./cli/program.js').then(async ({ runProgram }) => {
    process.exitCode = await runProgram(args, manifest.version);
  });
}
