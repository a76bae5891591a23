/** `64M`, `1.5G`, `1000` bytes as `1000B`: binary units, the shortest exact or two-digit form. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(2)}${units[unit]}`;
}
