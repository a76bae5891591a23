import type { Command } from 'commander';
import { duration } from './options.js';

export interface WaitOptions {
  wait?: true;
  waitTimeout?: number;
}

export function addWaitOptions(command: Command): Command {
  return command
    .option('--wait', 'until all that have a health check are healthy')
    .option('--wait-timeout <duration>', 'at most so long; 60s unless told', duration);
}
