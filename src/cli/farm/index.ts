import type { Command } from 'commander';
import { registerStatus } from './status.js';

export function register(program: Command): void {
  const family = program.command('farm').description('inspect farms');
  registerStatus(family);
}
