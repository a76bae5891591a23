import type { Command } from 'commander';
import { Context } from '../app/context.js';
import type { Frontend, ViewRequest } from '../app/frontend.js';
import { UserError } from '../model/errors.js';
import { openView } from '../view/open.js';
import type { ViewOptions } from '../view/view.js';
import { wantsColor } from '../view/view.js';
import { commonOptions } from './options.js';
import { print, printToStderr } from './output.js';

/** The context of a command that reads or changes the host. @throws UserError unless it runs as root */
export function openContext(command: Command): Context {
  if (process.getuid?.() !== 0) {
    const words = ['sudo', 'baleine', ...process.argv.slice(2)].join(' ');
    throw new UserError('baleine must run as root', words);
  }
  const options = commonOptions(command);
  return new Context(options, terminal(options));
}

/** A frontend on this terminal. Its parts are loaded on demand: most runs from cron need none. */
export function terminal({ color }: { color: boolean }): Frontend {
  return {
    view: (request) =>
      openView({
        style: styleOf(request),
        color: wantsColor(process.stdout, color),
        destroy: request.destroy ?? false,
        out: request.silent ? () => undefined : print,
        err: request.err ?? printToStderr,
      }),
    approve: async (request) => (await import('./prompt.js')).approve(request),
    report: print,
    warn: printToStderr,
    interruptible: async (work) => (await import('./interrupt.js')).interruptible(work),
    undoable: async (work, cancel) => (await import('./interrupt.js')).undoable(work, cancel),
  };
}

function styleOf({ quiet, json, brief }: ViewRequest): ViewOptions['style'] {
  if (json) return 'json';
  if (brief) return 'brief';
  if (quiet) return 'quiet';
  return process.stderr.isTTY ? 'tasks' : 'plain';
}
