/**
 * `baleine … | head`: the reader has seen enough, so end without a word. Node opens standard output when
 * it is first asked for, and so does this: a run from cron that says nothing does without.
 */
export function quietOnBrokenPipe(): void {
  const property = Object.getOwnPropertyDescriptor(process, 'stdout') as PropertyDescriptor;
  const get = () => {
    Object.defineProperty(process, 'stdout', property);
    return process.stdout.on('error', end);
  };
  Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get });
}

function end(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  if (protectedParts === 0) process.exit(0);
}

let protectedParts = 0;

/** While something is being changed a closed pipe is no reason to leave it half done. */
export async function unmovedByPipes<T>(work: () => Promise<T>): Promise<T> {
  protectedParts += 1;
  try {
    return await work();
  } finally {
    protectedParts -= 1;
  }
}
