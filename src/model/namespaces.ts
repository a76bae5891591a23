/**
 * Namespaces that a container shares with another one instead of having its own (namespaces(7)). The
 * other one has created it; it exists as long as anybody uses it.
 */

/** Whose namespace a container shares. */
export interface SharedNamespace {
  /** Id of the other container. */
  id: string;
  /** As in the file: `service:db`, `container:db`. */
  from: string;
}

/** The keys of a container that can name another one, and the kernel's word for the namespace. */
export const NAMESPACES = { network_mode: 'net', pid: 'pid', ipc: 'ipc' } as const;

export type NamespaceKey = keyof typeof NAMESPACES;
export type NamespaceType = (typeof NAMESPACES)[NamespaceKey];

export const NAMESPACE_KEYS = Object.keys(NAMESPACES) as NamespaceKey[];

/** What a namespace is called in messages. */
export const NAMESPACE_NAMES: Record<NamespaceKey, string> = {
  network_mode: 'network',
  pid: 'process ids',
  ipc: 'shared memory',
};

/** The modes of an entry, as in the file; absent for a namespace of its own. */
export type NamespaceModes = Partial<Record<NamespaceKey, string>>;

/** The other container that a mode names; undefined if it names none. */
export type Sharing =
  /** Of the same file. */
  | { service: string }
  /** Of another stack, or made by an imperative command. */
  | { container: string; stack?: string };

export function parseSharing(mode: string | undefined): Sharing | undefined {
  const [, kind, stack, name = ''] =
    /^(service|container):(?:([^.]*)\.)?(.*)$/.exec(mode ?? '') ?? [];
  if (kind === undefined) return undefined;
  if (kind === 'service') return { service: name };
  return stack === undefined ? { container: name } : { container: name, stack };
}

/** The services of the same file whose namespaces an entry shares. */
export function sharedServices(entry: NamespaceModes): { key: NamespaceKey; service: string }[] {
  return NAMESPACE_KEYS.flatMap((key) => {
    const sharing = parseSharing(entry[key]);
    return sharing && 'service' in sharing ? [{ key, service: sharing.service }] : [];
  });
}

/** Everything that must start before an entry: its dependencies, and whose namespaces it shares. */
export function neededServices(
  entry: NamespaceModes & { depends_on: Readonly<Record<string, unknown>> },
): string[] {
  const shared = sharedServices(entry).map(({ service }) => service);
  return [...new Set([...Object.keys(entry.depends_on), ...shared])];
}
