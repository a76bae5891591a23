/** Of a container that was started and ended. */
export const LOOPS = 'does not stay up';

/** Begins a line that is another one each time: it does not tell failures apart. */
export const LAST_LINE = 'last line of its log: ';
