import type { ContainerRows } from '../rows.js';
import { capability, NOT_GRANTED } from '../stack.js';
import { inMemory, mount, type Pod } from './pod.js';

type Keys =
  | 'user'
  | 'group_add'
  | 'security'
  | 'userns'
  | 'seccomp'
  | 'apparmor'
  | 'selinux'
  | 'cap_add'
  | 'cap_drop'
  | 'read_only'
  | 'sysctls';

/** What a container may do, as a security context; in this order: later keys change what earlier ones say. */
export const SECURITY_ROWS: Pick<ContainerRows<Pod>, Keys> = {
  user: (value, pod, at, losses) => {
    const [, user = '', group = ''] = /^(\d*)(?::(\d*))?$/.exec(value) ?? [];
    if (user === '' && group === '')
      return losses.lose(at, 'names of users are not looked up: give numbers');
    pod.container.securityContext = {
      ...pod.container.securityContext,
      runAsUser: Number(user),
      ...(group !== '' && { runAsGroup: Number(group) }),
    };
  },
  group_add: (value, { spec }, at, losses) => {
    const groups = value.filter((each) => /^\d+$/.test(String(each))).map(Number);
    if (groups.length < value.length)
      losses.lose(at, 'names of groups are not looked up: give numbers');
    if (groups.length > 0)
      spec.securityContext = { ...spec.securityContext, supplementalGroups: groups };
  },
  security: (value, { container }) => {
    const isFree = value === 'unconfined';
    const drop = value === 'restricted' ? ['ALL'] : [...NOT_GRANTED];
    container.securityContext = {
      ...container.securityContext,
      ...(isFree ? {} : { allowPrivilegeEscalation: false }),
      ...(value === 'restricted' && { runAsNonRoot: true }),
      capabilities: isFree
        ? { add: ['ALL'] }
        : { drop, ...(value === 'restricted' && { add: ['NET_BIND_SERVICE'] }) },
      seccompProfile: { type: isFree ? 'Unconfined' : 'RuntimeDefault' },
    };
  },
  userns: (value, { spec }) => {
    if (value === 'auto') spec.hostUsers = false;
  },
  seccomp: (value, { container }, at, losses) => {
    if (value !== 'unconfined') return losses.lose(at, 'a profile must be a file of each node');
    container.securityContext = {
      ...container.securityContext,
      seccompProfile: { type: 'Unconfined' },
    };
  },
  apparmor: (value, { container }) => {
    container.securityContext = {
      ...container.securityContext,
      appArmorProfile:
        value === 'unconfined'
          ? { type: 'Unconfined' }
          : { type: 'Localhost', localhostProfile: value },
    };
  },
  selinux: (value, { container }) => {
    const [user, role, type, ...level] = value.split(':');
    container.securityContext = {
      ...container.securityContext,
      seLinuxOptions: {
        ...(user && { user }),
        ...(role && { role }),
        ...(type && { type }),
        ...(level.length > 0 && { level: level.join(':') }),
      },
    };
  },
  cap_add: (value, pod) => {
    const added = value.map(capability);
    if (added.length > 0) withCapabilities(pod, added, []);
  },
  cap_drop: (value, pod) => {
    if (value.length > 0) withCapabilities(pod, [], value.map(capability));
  },
  read_only: (value, pod) => {
    if (!value) return;
    pod.container.securityContext = {
      ...pod.container.securityContext,
      readOnlyRootFilesystem: true,
    };
    for (const target of ['/run', '/tmp']) mount(pod, target, inMemory());
  },
  sysctls: (value, { spec }) => {
    const sysctls = Object.entries(value).map(([name, text]) => ({ name, value: text }));
    if (sysctls.length > 0) spec.securityContext = { ...spec.securityContext, sysctls };
  },
};

function withCapabilities({ container }: Pod, add: string[], drop: string[]): void {
  const { capabilities: before, ...context } = container.securityContext ?? {};
  const added = [...new Set([...(before?.add ?? []), ...add])];
  const isAll = added.includes('ALL');
  const kept = (before?.drop ?? []).filter((each) => !isAll && !added.includes(each));
  const dropped = [...new Set([...kept, ...drop])];
  container.securityContext = {
    ...context,
    capabilities: {
      ...(added.length > 0 && { add: added }),
      ...(dropped.length > 0 && { drop: dropped }),
    },
  };
}
