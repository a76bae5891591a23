/** The kinds of resources in a stack, named as in baleine.yaml. */
export const LOCAL_KINDS = [
  ...(['image', 'bridge', 'volume', 'config', 'hosts', 'container', 'job'] as const),
] as const;

/** Those of a Docker Swarm. */
export const SWARM_KINDS = ['image', 'network', 'secret', 'config', 'service'] as const;

export const KINDS = [...new Set([...LOCAL_KINDS, ...SWARM_KINDS])];

export type LocalKind = (typeof LOCAL_KINDS)[number];
export type KindName = (typeof KINDS)[number];

/** The name of a resource in plans, `--target`, `--json` and logs: `container.web-1`. */
export type Address = `${KindName}.${string}`;

/**
 * The name of a stack, image, bridge, volume or container. Check it before it becomes part of a
 * path, a runtime id or a command line: older OCI runtimes accept `../x` as an id.
 */
export const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** That of an image may end with a tag, as in `app:1.2`. */
const IMAGE_NAME = /^[a-z0-9][a-z0-9_-]{0,62}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,62})?$/;

/** Whether a text can be the name of a resource of this kind. */
export function isName(kind: KindName, text: string): boolean {
  return (kind === 'image' ? IMAGE_NAME : NAME).test(text);
}

export function addressOf(kind: KindName, name: string): Address {
  return `${kind}.${name}`;
}

/** Splits `container.web-1`; undefined if the text is not an address. */
export function parseAddress(text: string): { kind: KindName; name: string } | undefined {
  const dot = text.indexOf('.');
  const kind = KINDS.find((each) => each === text.slice(0, dot));
  const name = text.slice(dot + 1);
  return kind && isName(kind, name) ? { kind, name } : undefined;
}

/** The stack of everything made by imperative commands. No file can have this name. */
export const IMPERATIVE_STACK = '-';

/**
 * Sorts `web-2` before `web-10`. Names are plain ASCII, so this does without collation tables,
 * which take longer to load than the rest of a plan.
 */
export function byName(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => name.split(/(\d+)/)) as [string[], string[]];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = comparePart(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function comparePart(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return a < b ? -1 : Number(a > b);
}
