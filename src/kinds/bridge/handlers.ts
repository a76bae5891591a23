import type { Host } from '../../host/ports.js';
import type { Handlers } from '../../model/step.js';
import type { BridgeVerbs } from './steps.js';

export function bridgeHandlers({ links }: Host): Handlers<BridgeVerbs> {
  return {
    'bridge.ensure': {
      one: async (settings) => {
        await links.ensureBridge(settings);
        return undefined;
      },
    },
    'bridge.remove': {
      one: async ({ link }) => {
        await links.removeLink(link);
        return undefined;
      },
    },
  };
}
