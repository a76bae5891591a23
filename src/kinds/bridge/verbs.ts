import type { BridgeWanted } from '../../host/host.js';

/** Everything that can be done to a bridge. */
export interface BridgeVerbs {
  'bridge.ensure': BridgeWanted;
  'bridge.remove': { link: string };
}
