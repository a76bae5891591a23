/** `2026-11-21 15:02:11`, in local time. */
export function localTime(date: Date): string {
  const two = (number: number) => `${number}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}
