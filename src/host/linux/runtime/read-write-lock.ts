/**
 * Admits any number of shared holders, or one exclusive holder. Runtimes create the folders of a
 * cgroup level by level, so our empty parent groups must not be removed in between.
 */
export class ReadWriteLock {
  private readers: Promise<unknown>[] = [];
  private writer: Promise<unknown> = Promise.resolve();

  async shared<T>(act: () => Promise<T>): Promise<T> {
    const result = this.writer.then(act);
    const settled = result.catch(() => undefined);
    this.readers.push(settled);
    void settled.then(() => {
      this.readers = this.readers.filter((each) => each !== settled);
    });
    return result;
  }

  async exclusive<T>(act: () => Promise<T>): Promise<T> {
    const result = Promise.all([this.writer, ...this.readers]).then(act);
    this.writer = result.catch(() => undefined);
    return result;
  }
}
