import type { ContainerSpec } from '../model/specs.js';

/** Bytes of one argument or variable with its end, MAX_ARG_STRLEN of linux/binfmts.h. */
const ONE = 131_072;
/**
 * Bytes of all of them, with a pointer each: a quarter of the usual limit of the stack, and three
 * quarters of it when that is larger (execve(2), "Limits on size of arguments and environment").
 */
const ALL = 2 * 1024 ** 2;
const POINTER = 8;

/** What the kernel would refuse to execute, though it is well-formed. */
export function execObstacles({
  args,
  environment,
}: Pick<ContainerSpec, 'args' | 'environment'>): { at: (string | number)[]; cause: string }[] {
  const words = [
    ...args.map((text, index) => ({ at: ['command'], name: `argument ${index}`, text })),
    ...Object.entries(environment).map(([name, value]) => ({
      at: ['environment', name],
      name: `variable ${name}`,
      text: `${name}=${value}`,
    })),
  ];
  const sizes = words.map(({ text }) => Buffer.byteLength(text) + 1);
  const long = words.flatMap(({ at, name, text }, index) => {
    if (text.includes('\0')) return [{ at, cause: `${name} holds a NUL character` }];
    if ((sizes[index] ?? 0) <= ONE) return [];
    const most = `the kernel takes ${ONE - 1} at most`;
    return [{ at, cause: `${name} has ${(sizes[index] ?? 1) - 1} bytes: ${most}` }];
  });
  if (long.length > 0) return long;
  const total = sizes.reduce((sum, each) => sum + each + POINTER, 0);
  if (total <= ALL) return [];
  const cause = `command and environment have ${total} bytes together: the kernel takes ${ALL} at most`;
  return [{ at: [], cause }];
}
