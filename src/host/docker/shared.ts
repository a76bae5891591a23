/**
 * Has all that ask at about the same time share one call, as of many services that are followed at once.
 * One call runs at a time, and each gets the answer of one that began after it has asked.
 */
export function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const made = call();
      running = made.catch(() => undefined);
      return made;
    });
    return next;
  };
}
