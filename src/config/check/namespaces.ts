import { NAMESPACE_NAMES, parseSharing, sharedServices } from '../../model/namespaces.js';
import { suggest } from '../suggest.js';
import type { Service, ValidationContext } from './validation-context.js';

/** Shared namespaces: of one container that has them and may share them. */
export function checkNamespaces(subject: ValidationContext): void {
  for (const service of subject.services) {
    checkOwnUsers(service, subject);
    for (const each of sharedServices(service.entry)) checkOwner(service, each, subject);
  }
}

type Shared = ReturnType<typeof sharedServices>[number];

function checkOwner(
  { path }: Service,
  { key, service: name }: Shared,
  { containers, declared, problems }: ValidationContext,
): void {
  const at = [...path, key];
  if (!declared.containers.has(name)) {
    const hint = `service: takes names of the section containers, container: those of other stacks`;
    const close = () => suggest(name, declared.containers) ?? hint;
    problems.atValue(at, `unknown container ${JSON.stringify(name)}`, close);
    return;
  }
  const owner = Object.hasOwn(containers, name) ? containers[name] : undefined;
  if (!owner) return;
  const said = NAMESPACE_NAMES[key];
  const other = owner[key];
  if ((owner.replicas ?? 1) > 1) {
    problems.atValue(at, `${name} has ${owner.replicas} replicas, each with its own ${said}`);
  } else if (parseSharing(other)) {
    problems.atValue(at, `${name} has no ${said} of its own`, `share the same: ${key}: ${other}`);
  } else if (owner.userns === 'auto') {
    problems.atValue(at, `${name} has ids of its own (userns: auto), and so shares no ${said}`);
  } else if (key === 'ipc' && other !== 'shareable') {
    problems.atValue(at, `${name} does not share its ${said}`, `give ${name} ipc: shareable`);
  }
}

/** A namespace belongs to a user namespace, and so does the memory in it. */
function checkOwnUsers({ path, entry }: Service, { problems }: ValidationContext): void {
  if (entry.userns !== 'auto') return;
  for (const key of ['network_mode', 'pid', 'ipc'] as const) {
    const mode = entry[key];
    if (mode !== 'shareable' && !parseSharing(mode)) continue;
    const message = `a container with ids of its own (userns: auto) shares no ${NAMESPACE_NAMES[key]}`;
    problems.atValue([...path, key], message, 'remove one of both');
  }
}
