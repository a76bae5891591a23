import { unrecordedKey } from '../key.js';

/** Every key of a volume. */
export const VOLUME_KEYS = {
  protect: unrecordedKey({
    schema: { description: 'Refuse to destroy this volume.', type: 'boolean', default: false },
    read: (raw: boolean | undefined) => raw ?? false,
  }),
};
