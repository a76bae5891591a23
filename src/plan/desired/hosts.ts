import { addressOf } from '../../model/address.js';
import type { Instance } from '../../model/instance.js';
import { digest } from '../../model/json.js';
import { byName } from '../../model/names.js';
import type { Resource } from '../../model/resource.js';
import { hostsCopy, hostsFile, idOf } from '../../model/site.js';
import type { HostsSpec } from '../../model/specs.js';
import type { Context } from './context.js';
import type { Leases } from './leases.js';

/**
 * The texts of /etc/hosts (hosts(5)). What a container may see depends only on the bridges it is
 * on, so one text serves all containers on the same bridges, however many there are.
 */
export function desiredHosts(
  instances: Instance[],
  leases: Leases,
  { config, site }: Context,
): Resource<HostsSpec>[] {
  const groups = new Map<string, Instance[]>();
  for (const each of instances) {
    const name = hostsName(each);
    const members = groups.get(name) ?? [];
    members.push(each);
    groups.set(name, members);
  }
  return [...groups].map(([name, members]) => ({
    address: addressOf('hosts', name),
    kind: 'hosts',
    name,
    spec: {
      file: hostsFile(site, config.name, name),
      text: hostsText(members, instances, leases),
      copies: members.map((each) => hostsCopy(site, idOf(config.name, each.name))).sort(byName),
    },
    needs: [],
    protect: false,
  }));
}

/** `front-back-3f9a01`: for people, and with the digest without ambiguity. */
export function hostsName(instance: Instance): string {
  const bridges = bridgesOf(instance);
  const readable = bridges.length === 0 ? 'none' : bridges.join('-').slice(0, 50);
  return `${readable}-${digest(bridges, 6)}`;
}

function bridgesOf({ entry }: Instance): string[] {
  return Object.keys(entry.bridges).sort(byName);
}

function hostsText(members: Instance[], instances: Instance[], leases: Leases): string {
  const bridges = members[0] ? bridgesOf(members[0]) : [];
  const peers =
    bridges.length === 0
      ? members.map(ownName)
      : bridges.flatMap((bridge) => instances.flatMap((each) => peerLine(each, bridge, leases)));
  return `${['127.0.0.1 localhost', '::1 localhost', ...peers].join('\n')}\n`;
}

/** Without a bridge there is no address of its own; Debian's convention for such hosts. */
function ownName({ name, entry }: Instance): string {
  return `127.0.1.1 ${entry.hostname ?? name}`;
}

function peerLine({ name, service, entry }: Instance, bridge: string, leases: Leases): string[] {
  const attachment = entry.bridges[bridge];
  const address = leases(name, bridge);
  if (!attachment || address === undefined) return [];
  const names = new Set([entry.hostname ?? name, name, service, ...attachment.aliases]);
  return [[address, ...names].join(' ')];
}
