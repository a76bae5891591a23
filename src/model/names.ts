const collator = new Intl.Collator('en', { numeric: true });

/** `web-2` before `web-10`. */
export function byName(a: string, b: string): number {
  return collator.compare(a, b);
}
