import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC in the octal flags of /proc/PID/fdinfo/N; proc_pid_fdinfo(5). */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes descriptors inherited from our caller, except the standard streams: with an inherited
 * descriptor of a host folder, a container with `working_dir: /proc/self/fd/N` could read the
 * host's files. Node's own descriptors are all close-on-exec. Called once, before anything else.
 */
export function closeInherited(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor > 2 && isInheritable(descriptor)) closeSync(descriptor);
  }
}

/** The descriptor that was used to list the folder is already closed. */
function isInheritable(descriptor: number): boolean {
  try {
    const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? '0', 8);
    return (flags & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}
