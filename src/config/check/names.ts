import { NAME } from '../../model/address.js';
import type { Subject } from './subject.js';

/** No two containers have one name, and numbered names are still names. */
export function checkNames({ services, problems }: Subject): void {
  const owners = new Map<string, string>();
  for (const { path, names } of services) {
    const here = path.join('.');
    const clash = names.find((name) => owners.has(name));
    if (clash) {
      problems.atKey(path, `${here} and ${owners.get(clash)} both make a container "${clash}"`);
    }
    const long = names.findLast((name) => !NAME.test(name));
    if (long) {
      problems.atKey(path, `${here} makes a container "${long}", longer than 63 characters`);
    }
    for (const name of names) if (!owners.has(name)) owners.set(name, here);
  }
}
