import { wantsColor } from '../view/color.js';
import { openView } from '../view/open.js';
import type { Sink, View } from '../view/view.js';
import type { Context } from './context.js';

export interface OutputOptions {
  quiet?: boolean;
  json?: boolean;
  /** Where failures are told; default standard error. */
  err?: Sink;
}

/** The view for these options and this terminal. */
export function viewFor(
  { options: { color } }: Context,
  { quiet, json, err = (text) => process.stderr.write(text) }: OutputOptions,
  destroy: boolean,
): Promise<View> {
  const human = process.stderr.isTTY ? 'tasks' : 'plain';
  return openView({
    style: json ? 'json' : quiet ? 'quiet' : human,
    color: wantsColor(process.stdout, color),
    destroy,
    out: (text) => process.stdout.write(text),
    err,
  });
}
