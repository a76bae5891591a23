import { ARCHITECTURE } from './platform.js';

/** An external image that a Dockerfile builds on or copies from. */
export interface BaseImage {
  name: string;
  /** Of `FROM --platform=…`. */
  platform?: string;
}

/**
 * The images that a build pulls, up to its target stage. See FROM, ARG and COPY --from in the
 * Dockerfile reference. Excludes an image whose name depends on more than the `ARG`s before the first
 * stage: the build itself pulls it.
 *
 * @param args build arguments, which override the defaults of `ARG`
 * @param target name or number of the last stage
 * @param folders names that stand for folders, and for no image
 * @param platform of the result; default: that of this host
 */
export function baseImages(
  dockerfile: string,
  args: Readonly<Record<string, string>> = {},
  target?: string,
  folders: readonly string[] = [],
  platform?: string,
): BaseImage[] {
  const variables = new Map<string, string>(platformVariables(platform));
  const stages: string[] = [];
  const found = new Map<string, BaseImage>();
  const add = (name: string, own?: string) => {
    const at = own ?? platform;
    const isStage = stages.includes(name.toLowerCase()) || /^\d+$/.test(name);
    if (
      name === 'scratch' ||
      isStage ||
      folders.includes(name) ||
      `${name}${at ?? ''}`.includes('$')
    )
      return;
    found.set(`${name} ${at}`, { name, ...(at !== undefined && { platform: at }) });
  };
  for (const [word, rest] of instructions(dockerfile)) {
    if (word === 'ARG' && stages.length === 0) {
      const [, name = '', value] = /^(\w+)(?:=(.*))?$/s.exec(rest) ?? [];
      const set = Object.hasOwn(args, name) ? args[name] : value && expand(unquoted(value));
      if (set !== undefined) variables.set(name, set);
    } else if (word === 'FROM') {
      const last = stages.length - 1;
      if (target !== undefined && (stages[last] === target.toLowerCase() || `${last}` === target)) {
        break;
      }
      const own = /^--platform=(\S+)\s/.exec(rest)?.[1];
      const [, name = '', alias] = /^(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(rest) ?? [];
      if (name !== '') add(expand(name), own && expand(own));
      stages.push(alias?.toLowerCase() ?? '');
    } else if (word === 'COPY') {
      const from = /^(?:--\S+\s+)*?--from=(\S+)/.exec(rest)?.[1];
      if (from !== undefined) add(from);
    }
  }
  return [...found.values()];

  /** Leaves references to unset variables unchanged. */
  function expand(text: string): string {
    return text.replace(REFERENCE, (whole, braced, operator, other, bare) => {
      const value = variables.get(braced ?? bare);
      if (operator === ':-') return value || other;
      if (operator === ':+') return value ? other : '';
      return value ?? whole;
    });
  }
}

/** Variables that every build has. It runs on this host. */
function platformVariables(target = OWN): [string, string][] {
  return Object.entries({ BUILD: OWN, TARGET: target }).flatMap(([which, platform]) => {
    const [os = '', architecture = ''] = platform.split('/');
    return [
      [`${which}PLATFORM`, platform],
      [`${which}OS`, os],
      [`${which}ARCH`, architecture],
    ];
  });
}

const OWN = `linux/${ARCHITECTURE}`;

/** Names of the stages of a Dockerfile, in small letters; empty for one without a name. */
export function stagesOf(dockerfile: string): string[] {
  const lines = [...instructions(dockerfile)].filter(([word]) => word === 'FROM');
  return lines.map(([, rest]) => (/\sAS\s+(\S+)\s*$/i.exec(rest)?.[1] ?? '').toLowerCase());
}

/** `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`. */
const REFERENCE = /\$(?:\{(\w+)(?:(:[-+])([^}]*))?\}|(\w+))/g;

const unquoted = (text: string) => text.replace(/^(["'])(.*)\1$/s, '$2');

/** Joins continued lines; skips comments and here-documents. */
function* instructions(dockerfile: string): Generator<[word: string, rest: string]> {
  const lines = dockerfile.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    let text = lines[at] ?? '';
    if (/^\s*(#|$)/.test(text)) continue;
    while (/\\\s*$/.test(text) && at + 1 < lines.length) {
      at += 1;
      const next = lines[at] ?? '';
      if (!/^\s*#/.test(next)) text = text.replace(/\\\s*$/, '') + next;
    }
    const [, word = '', rest = ''] = /^\s*(\w+)\s+(.*?)\s*$/s.exec(text) ?? [];
    const name = word.toUpperCase();
    yield [name, rest];
    if (!['RUN', 'COPY', 'ADD'].includes(name)) continue;
    for (const [, end] of rest.matchAll(/<<-?["']?(\w+)["']?/g)) {
      while (at + 1 < lines.length && lines[++at]?.trim() !== end) {}
    }
  }
}
