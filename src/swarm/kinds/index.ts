import type { AnyKind, Kinds } from '../../kinds/kind.js';
import type { SWARM_KINDS } from '../../model/address.js';
import { config, secret } from './content.js';
import { image } from './image.js';
import { network } from './network.js';
import { service } from './service.js';

const LIST = { image, network, secret, config, service } as const satisfies Record<
  (typeof SWARM_KINDS)[number],
  AnyKind
>;

/** All kinds of a swarm. */
export const swarmKinds = LIST as typeof LIST & Kinds;
