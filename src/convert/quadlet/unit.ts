/**
 * A unit file of systemd, or of Quadlet (podman-systemd.unit(5)), which makes a service of one. What is in
 * a section of Quadlet ends in an ExecStart of systemd (systemd.service(5), "Command lines").
 */
export class Unit {
  readonly #sections = new Map<string, [key: string, value: string][]>();

  add(section: string, key: string, ...values: string[]): void {
    const lines = this.#sections.get(section) ?? [];
    this.#sections.set(section, lines);
    for (const value of values) lines.push([key, value]);
  }

  /** The only value of a key. */
  set(section: string, key: string, value: string): void {
    const lines = (this.#sections.get(section) ?? []).filter(([each]) => each !== key);
    this.#sections.set(section, [...lines, [key, value]]);
  }

  has(section: string, key: string): boolean {
    return (this.#sections.get(section) ?? []).some(([each]) => each === key);
  }

  text(): string {
    const sections = ORDER.flatMap((name) => {
      const lines = this.#sections.get(name);
      return lines ? [[`[${name}]`, ...lines.map(([key, value]) => `${key}=${value}`)]] : [];
    });
    return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
  }
}

const ORDER = ['Unit', 'Container', 'Network', 'Volume', 'Image', 'Timer', 'Service', 'Install'];

/** A specifier (`%n`) and a variable (`$HOME`) would be replaced, in quotes, too. */
const literal = (text: string) => text.replaceAll('%', '%%').replaceAll('$', '$$$$');

/** One of several words of a value, in quotes if it needs them. */
export function word(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return literal(text);
  const escaped = literal(text).replaceAll(/[\\"\p{Cc}]/gu, escapedCharacter);
  return `"${escaped}"`;
}

export const words = (texts: readonly string[]) => texts.map(word).join(' ');

const NAMED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
};

const escapedCharacter = (each: string) =>
  NAMED[each] ?? `\\u${(each.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Words of a program as one value that has no quotes of its own: a list of JSON, which podman reads. */
export const list = (texts: readonly string[]) => literal(JSON.stringify(texts));

/**
 * A value that is taken as it is. Undefined if it cannot be said: a line ends it, a backslash at its end
 * continues it, and blanks and quotes around it are dropped.
 */
export function raw(text: string): string | undefined {
  const isPlain = !/[\n\r]/.test(text) && !/^[\s"]|[\s"\\]$/.test(text) && text !== '';
  return isPlain ? literal(text) : undefined;
}
