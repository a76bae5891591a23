import { digest } from '../../model/json.js';

/** What has a name of its own in Kubernetes; Services and what runs their pods share theirs. */
type Namespace = 'workload' | 'volume' | 'secrets' | 'configs' | 'bridge' | 'stack';

/**
 * Names of a stack as labels of RFC 1035, which all of Kubernetes accepts: letters, digits and `-`, the
 * first a letter. Two names are never the same label.
 */
export class Names {
  readonly #labels = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** The label of a name, always the same. */
  of(namespace: Namespace, name: string, longest = LONGEST): string {
    const key = `${namespace} ${name}`;
    const known = this.#labels.get(key);
    if (known !== undefined) return known;
    const plain = labelOf(name);
    const hash = digest(name).slice(0, 6);
    const isFree = plain.length <= longest && !this.#taken.has(`${namespace} ${plain}`);
    const label = isFree ? plain : `${plain.slice(0, longest - 7)}-${hash}`;
    this.#labels.set(key, label);
    this.#taken.add(`${namespace} ${label}`);
    return label;
  }

  /** Whether a label is given away, such as that of an alias. */
  isTaken(namespace: Namespace, name: string): boolean {
    return this.#taken.has(`${namespace} ${labelOf(name)}`);
  }
}

const LONGEST = 63;

function labelOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return /^[a-z]/.test(plain) ? plain : `x${plain}`;
}
