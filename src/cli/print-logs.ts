import type { ContainerLogPart } from '../app/follow-logs.js';
import { logPrefixes, printLog } from '../view/logs.js';
import { wantsColor } from '../view/view.js';
import { printRaw, printToStderr } from './output.js';

export interface LogOutput {
  /** The containers known now: their names share a column. */
  names: readonly string[];
  /** False after `--no-color`. */
  color: boolean;
  /** Name the container before each line. */
  prefix: boolean;
  timestamps?: boolean;
  json?: boolean;
  /** Keep control characters on a terminal, too. */
  raw?: boolean;
}

type StreamName = 'stdout' | 'stderr';

/** Prints the output of containers until it ends; warns of lines that were lost. */
export async function printLogs(
  open: (onGap: (container: string) => void) => AsyncIterable<ContainerLogPart[]>,
  { names, color, prefix, timestamps = false, json = false, raw = false }: LogOutput,
): Promise<void> {
  const isTerminal = (stream: StreamName) => process[stream].isTTY === true;
  const isColored = (stream: StreamName) => wantsColor(process[stream], color);
  const view = {
    timestamps,
    json,
    escaped: (stream: StreamName) => !raw && isTerminal(stream),
    oneScreen: isTerminal('stdout') && isTerminal('stderr'),
    ...(prefix && { prefix: logPrefixes(names, isColored) }),
  };
  await printLog(
    open((container) => printToStderr(gap(container))),
    view,
    printRaw,
  );
}

const gap = (container: string) =>
  `Warning: lines of ${container} are missing here: its log was replaced faster than it is read (logs.max_size)\n`;
