/**
 * By number, from 1, as on x86, ARM, POWER and z/Architecture (signal(7)): all Linux platforms of
 * Node.
 */
const NAMES = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2'],
  ...['PIPE', 'ALRM', 'TERM', 'STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG'],
  ...['XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS'],
];

const SYNONYMS: Record<string, string> = { IOT: 'ABRT', POLL: 'IO', CLD: 'CHLD', UNUSED: 'SYS' };

/** SIGRTMIN of the C library, which reserves the kernel's 32 and 33 (signal(7)). */
const FIRST_REALTIME = 34;
const LAST_REALTIME = 64;

/** `SIGHUP` and so on, without real-time signals; used for suggestions. */
export const SIGNAL_NAMES: readonly string[] = NAMES.map((name) => `SIG${name}`);

/**
 * Parses `SIGTERM`, `TERM`, `term`, `SIGRTMIN+3` or `15` into a number; undefined if there is no
 * such signal.
 */
export function signalNumber(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return within(Number(text), 1, LAST_REALTIME);
  const name = text.toUpperCase().replace(/^SIG/, '');
  const index = NAMES.indexOf(SYNONYMS[name] ?? name);
  return index >= 0 ? index + 1 : realtime(name);
}

/** The canonical name, `SIGTERM` or `SIGRTMIN+3`; undefined if there is no such signal. */
export function signalName(text: string): string | undefined {
  const number = signalNumber(text);
  if (number === undefined) return undefined;
  if (number < FIRST_REALTIME) return SIGNAL_NAMES[number - 1] ?? String(number);
  const offset = number - FIRST_REALTIME;
  return offset === 0 ? 'SIGRTMIN' : `SIGRTMIN+${offset}`;
}

function realtime(name: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!match) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === '-' ? -1 : 1);
  const base = match[1] === 'MIN' ? FIRST_REALTIME : LAST_REALTIME;
  return within(base + offset, FIRST_REALTIME, LAST_REALTIME);
}

const within = (value: number, from: number, to: number) =>
  value >= from && value <= to ? value : undefined;
