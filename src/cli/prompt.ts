import { createInterface } from 'node:readline/promises';
import { INTERRUPTED } from '../app/failure.js';
import type { ApprovalRequest } from '../app/frontend.js';
import { UserError } from '../model/errors.js';
import { printToStderr } from './output.js';

/**
 * Asks on the terminal; false for any answer but `yes`.
 *
 * @throws UserError without a terminal, or if the plan was not shown
 */
export async function approve({
  quiet,
  json,
  destroy,
  losses = [],
}: ApprovalRequest): Promise<boolean> {
  refuseBlind(quiet, json);
  const question = destroy
    ? 'Do you really want to destroy all this?'
    : 'Do you want to perform these actions?';
  const lost = losses.map(({ address, text }) => `  ${address}: ${text}\n`).join('');
  if ((await ask(`\n${question}\n${lost}  Only 'yes' will be accepted: `)) === 'yes') return true;
  printToStderr(`${destroy ? 'Destroy' : 'Apply'} cancelled.\n`);
  return false;
}

function refuseBlind(quiet = false, json = false): void {
  const hint = 'Give -y (--auto-approve) to skip the question.';
  if (quiet || json) {
    throw new UserError(`cannot ask for approval with ${quiet ? '--quiet' : '--json'}`, hint);
  }
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw new UserError('cannot ask for approval: there is no terminal', hint);
}

/** Ctrl-D is an empty answer. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.on('SIGINT', () => process.exit(INTERRUPTED));
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  return answer.trim();
}
