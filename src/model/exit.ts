/** How a container's first process ended. */
export interface Exit {
  /** 128 + n for signal n. */
  code: number;
  /** The kernel killed in its cgroup for want of memory. */
  outOfMemory: boolean;
}

/** Of signal(7), those that end a process; the same numbers on all machines that matter here. */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
};

/** `1`, `137 SIGKILL`, `137 SIGKILL, out of memory` */
export function describeExit({ code, outOfMemory }: Exit): string {
  const signal = SIGNALS[code - 128];
  return `${code}${signal ? ` ${signal}` : ''}${outOfMemory ? ', out of memory' : ''}`;
}
