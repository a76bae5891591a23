import type { LocalKind } from '../model/address.js';
import { bridge } from './bridge/index.js';
import { container } from './container/index.js';
import { config } from './generated-file/index.js';
import { hosts } from './hosts/index.js';
import { image } from './image/index.js';
import { jobKind } from './job/index.js';
import type { AnyKind, Kinds } from './kind.js';
import { volume } from './volume/index.js';

/** A job knows nothing of the container of its runs but that it is one. */
const job = jobKind(container);

const LIST = {
  image,
  bridge,
  volume,
  config,
  hosts,
  container,
  job,
} as const satisfies Record<LocalKind, AnyKind>;

/**
 * All kinds of this host. To add one, add its folder and a line above. The tables and resources of an
 * engine have no kinds but its own.
 */
export const kinds = LIST as typeof LIST & Kinds;
