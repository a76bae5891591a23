import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import { NAMESPACE_NAMES, type NamespaceKey, parseSharing } from '../../../model/namespaces.js';

const OTHER =
  '(service:[a-z0-9][a-z0-9_-]{0,62}|container:([a-z0-9_-]+\\.)?[a-z0-9][a-z0-9_-]{0,62})';

/** The schema of a key that can name another container. */
export function namespaceSchema(description: string, own: string[], why: string) {
  const words = own.map((each) => `${each}, `).join('');
  return {
    description,
    type: 'string',
    pattern: `^(${[...own, OTHER].join('|')})$`,
    errorMessage: `must be ${words}service:NAME or container:NAME; host is refused: ${why}`,
  } as const;
}

/** Keys that belong to whoever owns the namespace, and so cannot stand beside a shared one. */
const OWNERS: Record<NamespaceKey, readonly string[]> = {
  network_mode: [
    ...['bridges', 'publish', 'hostname', 'domainname', 'dns', 'dns_search', 'dns_opt'],
    'extra_hosts',
  ],
  pid: ['init'],
  ipc: ['shm_size'],
};

/** Reports the keys beside a shared namespace that have no meaning there. */
export function checkBeside(
  key: NamespaceKey,
  mode: string | undefined,
  path: Path,
  { problems }: ParseContext,
  siblings: object,
): void {
  const entry = path.slice(0, -1);
  const isThere = (name: string) => {
    const value = (siblings as Record<string, unknown>)[name];
    return isPresent(name === 'publish' ? forwardedOf(value) : value);
  };
  if (key === 'network_mode' && mode === 'none') {
    for (const name of ['bridges', 'publish'].filter(isThere)) {
      problems.atKey([...entry, name], `${key}: none has no ${name}`, 'remove one of both');
    }
  }
  if (!parseSharing(mode)) return;
  const owner = mode?.replace(/^[a-z]+:/, '');
  const beside = `${NAMESPACE_NAMES[key]} of ${owner}, which ${key}: ${mode} shares`;
  for (const name of OWNERS[key].filter(isThere)) {
    const hint = `give it to ${owner}, or remove ${key}`;
    problems.atKey([...entry, name], `${name} would change the ${beside}`, hint);
  }
  for (const name of sysctlsOf(siblings).filter((each) => SYSCTLS[key].test(each))) {
    const at = [...entry, 'sysctls'];
    problems.atKey(at, `sysctl ${name} would change the ${beside}`, `give it to ${owner}`);
  }
}

/** Kernel parameters of each namespace. */
const SYSCTLS: Record<NamespaceKey, RegExp> = {
  network_mode: /^net\./,
  pid: /(?!)/,
  ipc: /^(fs\.mqueue|kernel\.(msg|sem|shm))/,
};

/** Names of a mapping, or of a list of NAME=VALUE. */
function sysctlsOf({ sysctls }: { sysctls?: unknown }): string[] {
  if (Array.isArray(sysctls)) return sysctls.map((each) => String(each).split('=')[0] ?? '');
  return typeof sysctls === 'object' && sysctls !== null ? Object.keys(sysctls) : [];
}

/** A socket that the program inherits is of no network of its own. */
function forwardedOf(publish: unknown): unknown {
  if (!Array.isArray(publish)) return publish;
  return publish.filter((each) => !(each as { socket_activation?: unknown }).socket_activation);
}

function isPresent(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
