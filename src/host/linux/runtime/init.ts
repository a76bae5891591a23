import { UserError } from '../../../model/errors.js';
import { findProgram } from '../process/programs.js';

/**
 * Programs that can be process 1 of any image: they need no library of it. `tini` of the same Debian
 * package would need a C library.
 */
const INITS = ['tini-static', 'catatonit'];

/** In the container's own /dev, so that nothing on its disk is in the way or left behind. */
export const INIT_TARGET = '/dev/init';

/** @returns undefined if it is installed */
export function initProblem(): string | undefined {
  return findInit() === undefined
    ? 'neither tini-static nor catatonit is installed on this host: apt-get install tini'
    : undefined;
}

/** @throws UserError if none is installed */
export function requireInit(): string {
  const found = findInit();
  if (found !== undefined) return found;
  throw new UserError(
    'cannot start with init: neither tini-static nor catatonit is installed',
    'apt-get install tini',
  );
}

const findInit = () => INITS.map(findProgram).find((each) => each !== undefined);

/** The command as a child of the init. */
export const underInit = (args: string[]) => [INIT_TARGET, '--', ...args];
