import { checkAttachments } from './attachments.js';
import { checkBridges } from './bridges.js';
import { checkContainers } from './containers.js';
import { checkCycles } from './cycles.js';
import { checkFarms } from './farms.js';
import { checkHealth } from './health.js';
import { checkNames } from './names.js';
import { checkPublish } from './publish.js';
import { checkReferences } from './references.js';
import type { Subject } from './subject.js';

/** What a schema cannot say: how entries fit each other. Nothing here looks at the host. */
export function check(subject: Subject): void {
  checkReferences(subject);
  checkNames(subject);
  checkCycles(subject);
  checkBridges(subject);
  checkAttachments(subject);
  checkContainers(subject);
  checkHealth(subject);
  checkFarms(subject);
  checkPublish(subject);
}
