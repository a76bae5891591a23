/** `baleine … | head`: the reader has seen enough, so end without a word. */
export function quietOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (protectedParts === 0) process.exit(0);
  });
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
