import type { Config, ContainerEntry } from './config.js';

/** What a file says of containers, with its place in it: those of farms are among them. */
export function entriesOf({ containers, farms }: Pick<Config, 'containers' | 'farms'>): {
  path: string[];
  entry: ContainerEntry;
}[] {
  const plain = Object.entries(containers).map(([name, entry]) => ({
    path: ['containers', name],
    entry,
  }));
  const parts = Object.entries(farms).flatMap(([name, { servers, proxy }]) => [
    { path: ['farms', name, 'servers'], entry: servers },
    { path: ['farms', name, 'proxy'], entry: proxy },
  ]);
  return [...plain, ...parts];
}
