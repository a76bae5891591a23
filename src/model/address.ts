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
