/** Powers of 1024, as in the Compose specification. */
const SIZES: Record<string, number> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };
const SIZE = /^(\d+(?:\.\d+)?)([kmgt]?)b?$/i;
const DURATION =
  /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?(?:(\d+)us)?$/;

/**
 * Parses `64M`, `1.5G`, `512` or a number as whole bytes. Undefined if it is not a size, is a
 * fraction of a byte, or is too large to be exact.
 */
export function parseSize(text: string | number): number | undefined {
  const [, amount, unit = ''] = SIZE.exec(String(text)) ?? [];
  if (amount === undefined || (unit === '' && amount.includes('.'))) return undefined;
  const bytes = Math.round(Number(amount) * (SIZES[unit.toLowerCase() || 'b'] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Parses `1d`, `1h30m`, `1m30s`, `1.5s`, `500ms`, `500us` as whole milliseconds, begun ones
 * included; undefined if it is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (!match || text === '') return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0, rest = 0, micro = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const milliseconds =
    Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000) +
    rest +
    Math.ceil(micro / 1000);
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}
