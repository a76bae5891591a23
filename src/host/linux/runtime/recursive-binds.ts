import { release } from 'node:os';

/** The first versions with options for all that is mounted below, `rro` and the like. */
const SINCE: Record<string, readonly [major: number, minor: number]> = {
  crun: [1, 4],
  runc: [1, 1],
};

/** mount_setattr(2) with AT_RECURSIVE. */
const KERNEL = [5, 12] as const;

/** Whether a runtime on this kernel can hold options for a mount and everything below it. */
export function bindsRecursively(
  { name, version }: { name: string; version: string },
  kernel = release(),
): boolean {
  const since = SINCE[name];
  return since !== undefined && isSince(version, since) && isSince(kernel, KERNEL);
}

function isSince(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, our = 0] = version.split(/[.+~-]/).map(Number);
  return ours > major || (ours === major && our >= minor);
}
