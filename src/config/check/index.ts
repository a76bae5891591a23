import { NAME } from '../../model/address.js';
import { checkAttachments } from './attachments.js';
import { checkBridges } from './bridges.js';
import { checkBridges6 } from './bridges6.js';
import { checkContainers } from './containers.js';
import { checkCycles } from './cycles.js';
import { checkFarms } from './farms.js';
import { checkHealth } from './health.js';
import { checkNamespaces } from './namespaces.js';
import { checkPublish } from './publish.js';
import { checkReferences } from './references.js';
import { checkSchedules } from './schedules.js';
import type { ValidationContext } from './validation-context.js';
import { checkWasm } from './wasm.js';

/**
 * Checks that a schema cannot express: how entries relate to each other. Nothing here reads the
 * host.
 */
export function check(subject: ValidationContext): void {
  checkReferences(subject);
  checkNames(subject);
  checkCycles(subject);
  checkBridges(subject);
  checkBridges6(subject);
  checkAttachments(subject);
  checkContainers(subject);
  checkHealth(subject);
  checkNamespaces(subject);
  checkWasm(subject);
  checkFarms(subject);
  checkPublish(subject);
  checkSchedules(subject);
}

/** No two containers have the same name, and numbered names are still valid names. */
export function checkNames({ services, problems }: ValidationContext): void {
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
