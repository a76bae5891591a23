/**
 * Admits any number of shared holders, or one exclusive holder. Runtimes create the folders of a
 * cgroup level by level, so our empty parent groups must not be removed in between.
 */
export class Gate {
  private inside: Promise<unknown>[] = [];
  private alone: Promise<unknown> = Promise.resolve();

  async together<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.alone.then(act);
    const quiet = mine.catch(() => undefined);
    this.inside.push(quiet);
    void quiet.then(() => {
      this.inside = this.inside.filter((each) => each !== quiet);
    });
    return mine;
  }

  async byItself<T>(act: () => Promise<T>): Promise<T> {
    const mine = Promise.all([this.alone, ...this.inside]).then(act);
    this.alone = mine.catch(() => undefined);
    return mine;
  }
}
