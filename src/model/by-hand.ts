/** The stack of what is made by hand. No file can bear this name. */
export const BY_HAND = '-';
