import type { Probe } from '../../host/host.js';
import { parseAddress } from '../../model/address.js';
import { aliasPrefix, partsOfAlias, type Site } from '../../model/site.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { Marked } from '../kind.js';

export function marked(probe: Probe, site: Site): Marked<BridgeSpec>[] {
  return probe.linksWithAlias(aliasPrefix(site)).flatMap(({ kind, name: link, alias = '' }) => {
    const { stack, words } = partsOfAlias(site, alias);
    const address = parseAddress(words[0] ?? '');
    if (kind !== 'bridge' || address?.kind !== 'bridge') return [];
    return [{ stack, name: address.name, spec: { link, alias, isolated: false } }];
  });
}
