import { unrecordedKey } from './key.js';

export const egress = unrecordedKey({
  schema: {
    description:
      '`false`: do not use the way out or the `gateway` of its bridges. Otherwise its default route and its name server are those of the first of its bridges that has a way out, else of the first with a `gateway`.',
    type: 'boolean',
    enum: [false],
    errorMessage: 'must be false, or left out: a way out belongs to a bridge',
  },
  /** Its links have the effect. */
  read: (raw: boolean | undefined) => (raw === false ? raw : undefined),
});
