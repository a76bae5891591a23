import type { Context } from '../app/context.js';
import { wantsColor } from '../view/color.js';
import { openView } from '../view/open.js';
import type { Sink, View, ViewOptions } from '../view/view.js';
import { print, printToStderr } from './output.js';

export interface OutputOptions {
  quiet?: boolean;
  json?: boolean;
  /** Where failures are told; default standard error. */
  err?: Sink;
}

/** The view for these options and this terminal. */
export function viewFor(
  context: Context,
  { quiet, json, err }: OutputOptions,
  destroy: boolean,
): Promise<View> {
  const human = process.stderr.isTTY ? 'tasks' : 'plain';
  return viewOf(context, json ? 'json' : quiet ? 'quiet' : human, { destroy, err });
}

export function viewOf(
  { options: { color } }: Context,
  style: ViewOptions['style'],
  {
    destroy = false,
    out = print,
    err = printToStderr,
  }: { destroy?: boolean; out?: Sink; err?: Sink | undefined },
): Promise<View> {
  return openView({
    style,
    color: wantsColor(process.stdout, color),
    destroy,
    out,
    err,
  });
}
