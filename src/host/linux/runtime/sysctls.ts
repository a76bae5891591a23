import { UserError } from '../../../model/errors.js';

/** Those that belong to the network and ipc namespaces of a container, not to the host. */
const NAMESPACED =
  /^(net\..+|fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))$/;

/** @throws UserError for a parameter that would change the host */
export function checkedSysctls(sysctls: Record<string, string>): Record<string, string> {
  for (const name of Object.keys(sysctls)) {
    if (NAMESPACED.test(name) && !/[/\s]|\.\./.test(name)) continue;
    throw new UserError(
      `cannot set sysctl ${name} for one container: it belongs to the whole host`,
      'net.*, fs.mqueue.* and the kernel.msg*, kernel.shm* and kernel.sem of System V IPC can be set',
    );
  }
  return sysctls;
}
