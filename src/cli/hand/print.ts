export function print(text: string): void {
  process.stdout.write(text);
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value)}\n`);
}

/** What `inspect` says: an array, also of one, laid out for people unless `compact`. */
export function printOne(found: readonly unknown[], compact: boolean): void {
  print(`${JSON.stringify(found, null, compact ? undefined : 2)}\n`);
}
