import { unrecordedKey } from '../key.js';

/** Every key of a volume but `external` and `name`, in the order a reader of the file would want them. */
export const VOLUME_KEYS = {
  protect: unrecordedKey({
    schema: {
      description: 'Never remove this volume: `destroy --volumes` leaves it.',
      type: 'boolean',
      default: false,
    },
    read: (raw: boolean | undefined) => raw ?? false,
  }),
};
