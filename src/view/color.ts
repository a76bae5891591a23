export type Paint = (color: keyof typeof CODES, text: string) => string;

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

/** Colors text, or returns it unchanged. For single lines: each call ends with a reset. */
export function painter(color: boolean): Paint {
  return color ? (name, text) => `\x1b[${CODES[name]}m${text}\x1b[0m` : (_name, text) => text;
}

/** Whether to color a stream: a terminal, no `--no-color`, NO_COLOR unset or empty (no-color.org). */
export function wantsColor(
  stream: { isTTY?: boolean },
  option: boolean,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && option && !environment.NO_COLOR;
}
