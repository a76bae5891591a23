/** The kinds of resource a stack is made of, in the words of baleine.yaml. */
export const KINDS = ['image', 'bridge', 'volume', 'config', 'hosts', 'container'] as const;

export type KindName = (typeof KINDS)[number];

/** How a resource is named in plans, `--target`, `--json` and logs: `container.web-1`. */
export type Address = `${KindName}.${string}`;

/**
 * A stack, image, bridge, volume or container name. Checked before a name goes near a path, a
 * runtime id or a command line, because older OCI runtimes accept `../x` as an id.
 */
export const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function addressOf(kind: KindName, name: string): Address {
  return `${kind}.${name}`;
}

/** Splits `container.web-1`; undefined when the text is no address. */
export function parseAddress(text: string): { kind: KindName; name: string } | undefined {
  const dot = text.indexOf('.');
  const kind = KINDS.find((each) => each === text.slice(0, dot));
  const name = text.slice(dot + 1);
  return kind && NAME.test(name) ? { kind, name } : undefined;
}

/** The stack of what is made by hand. No file can bear this name. */
export const IMPERATIVE_STACK = '-';

/**
 * `web-2` before `web-10`. Names are plain ASCII, so this needs no collation tables, which take
 * longer to load than all the rest of a plan.
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
