import type { Entry } from '../../config/document.js';
import {
  below,
  changed,
  fieldsOf,
  isNull,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  textOf,
} from '../entries.js';
import { externalOf } from './mounts.js';
import {
  type Fields,
  noEffect,
  type Rows,
  refused,
  same,
  type Translation,
  translated,
  translateKeys,
} from './rows.js';
import { isTrue } from './values.js';

/** The network of services that name none. */
export const DEFAULT_NETWORK = 'default';

/** Whether containers of a network reach each other. */
const ICC = 'com.docker.network.bridge.enable_icc';

/** Top-level networks: `bridges` of baleine.yaml. */
export const NETWORK_ROWS: Rows = {
  name: translated('`name` of an external network', (value, { entry, warnings }) => {
    if (below(entry, 'external')) return {};
    const place = { at: value.key, source: value.source };
    warnings.add(
      place,
      'name has no effect: the networks of a stack are apart from those of others',
    );
    return {};
  }),
  external: translated('`external`', (value, { entry }) => externalOf(value, entry)),
  'external.name': translated('`name`'),
  internal: translated('`isolated`'),
  driver: translated('`bridge`; other drivers are refused', (value, { loading }) => {
    const driver = textOf(value);
    if (driver && driver !== 'bridge' && driver !== 'default') {
      const hint = 'remove it; x-baleine: {uplink: eth1} joins a network outside of the host';
      loading.problems.of(value, `there is no network driver ${driver}`, hint);
    }
    return {};
  }),
  driver_opts: translated(
    '`members: isolated` for `com.docker.network.bridge.enable_icc: "false"`; others have no effect',
    (value, { warnings }) => {
      const icc = below(value, ICC);
      if (fieldsOf(value).some(([name]) => name !== ICC)) {
        const place = { at: value.key, source: value.source };
        warnings.add(place, 'driver_opts has no effect: they tune Docker’s bridges');
      }
      return { members: icc && textOf(icc) === 'false' ? scalar(icc, 'isolated') : undefined };
    },
  ),
  attachable: noEffect('containers of other stacks can always join, as `external`'),
  enable_ipv4: translated(
    '`false`: no `subnet`, with `enable_ipv6` alone',
    (value, { loading, entry }) => {
      if (!isTrue(value) && !isTrue(below(entry, 'enable_ipv6'))) {
        loading.problems.of(value, 'a network needs addresses', 'remove it, or add enable_ipv6');
      }
      return {};
    },
  ),
  enable_ipv6: translated('`subnet6`: that of `ipam`, else `auto`'),
  labels: noEffect('bridges have no labels'),
  ipam: translated('`subnet`, `host`, `subnet6` and `host6`', ipamOf),
  'ipam.driver': noEffect('addresses are leased by baleine'),
  'ipam.options': noEffect('addresses are leased by baleine'),
  'ipam.config': translated(
    '`subnet` and `host` of the first IPv4 network, `subnet6` and `host6` of the first IPv6 network',
  ),
  'ipam.config.subnet': translated('`subnet`, `subnet6` with `enable_ipv6`'),
  'ipam.config.gateway': translated('`host`, `host6` with `enable_ipv6`'),
  'ipam.config.ip_range': translated('`range`, of IPv4'),
  'ipam.config.aux_addresses': noEffect('addresses in use are never leased'),
};

function ipamOf(value: Entry, to: Translation): Fields {
  translateKeys(value, NETWORK_ROWS, to, 'ipam.');
  const all = itemsOf(below(value, 'config') ?? scalar(value, null)) ?? [];
  for (const each of all) translateKeys(each, NETWORK_ROWS, to, 'ipam.config.');
  const isIpv6 = (each: Entry) => textOf(below(each, 'subnet') ?? each)?.includes(':') ?? false;
  const partsOf = (found: Entry | undefined) =>
    ['subnet', 'gateway', 'ip_range'].map((key) => found && below(found, key));
  const [subnet, host, range] = partsOf(all.find((each) => !isIpv6(each)));
  const [subnet6, host6] = partsOf(all.find(isIpv6));
  return { subnet, host, range, subnet6, host6 };
}

/** A top-level network as a bridge. */
export function bridgeOf(network: Entry, to: Translation): Entry {
  const fields = mappingOf(network) ? translateKeys(network, NETWORK_ROWS, to) : {};
  const extra = below(network, 'x-baleine');
  if (fields.external) {
    return mapping(network, [
      ['external', fields.external],
      ['name', fields.name],
    ]);
  }
  const isInternal = isTrue(below(network, 'internal'));
  const auto = scalar(network, 'auto');
  const isDual = isTrue(below(network, 'enable_ipv6'));
  const version4 = below(network, 'enable_ipv4');
  const hasIpv4 = !isDual || version4 === undefined || isTrue(version4);
  const made = mapping(network, [
    ['subnet', hasIpv4 ? (fields.subnet ?? auto) : undefined],
    ['subnet6', isDual ? (fields.subnet6 ?? auto) : undefined],
    ['members', fields.members],
    ...(isInternal
      ? ([['isolated', scalar(network, true)]] as const)
      : ([
          ['host', hasIpv4 ? (fields.host ?? auto) : undefined],
          // beside `host` it is the default
          ['host6', isDual ? (fields.host6 ?? (hasIpv4 ? undefined : auto)) : undefined],
          ['egress', hasIpv4 ? scalar(network, true) : undefined],
        ] as const)),
  ]);
  // `host: null` takes the address of the host away
  const own = fieldsOf(extra).map(([key, value]) => [key, isNull(value) ? undefined : value]);
  return changed(made, Object.fromEntries(own));
}

/** Keys of a service's network. */
export const ATTACHMENT_ROWS: Rows = {
  'networks.aliases': translated('`aliases`', (value) => ({ aliases: value })),
  'networks.ipv4_address': translated('`address`', (value) => ({ address: value })),
  'networks.ipv6_address': translated('`address6`', (value) => ({ address6: value })),
  'networks.link_local_ips': noEffect('the kernel chooses link-local addresses'),
  'networks.mac_address': translated('`mac`', (value) => ({ mac: value })),
  'networks.interface_name': noEffect('interfaces are named in order'),
  'networks.priority': translated('the order of `bridges`'),
  'networks.gw_priority': translated('the order of `bridges`'),
  'networks.driver_opts': noEffect('they tune Docker’s bridges'),
};

/** The networks of a service, as `bridges` and `network_mode` of baleine.yaml. */
export const SERVICE_NETWORK_ROWS: Rows = {
  networks: translated('`bridges`'),
  network_mode: translated(
    '`network_mode`; `bridge` is the default network',
    (value, { loading, root }) => {
      const mode = textOf(value) ?? '';
      if (mode === 'host') {
        const hint = 'publish its ports, or put it on a network with x-baleine: {uplink: eth1}';
        loading.problems.of(value, 'a container never has the network of the host', hint);
        return {};
      }
      if (mode === 'bridge' || mode === 'default') return {};
      return { network_mode: ofService(value, root) };
    },
  ),
  mac_address: translated('`mac` of the first bridge'),
  links: translated('a dependency, and an alias of the other service'),
  external_links: refused(
    'links lead to services of the same stack',
    'share a network: declare it with `external: true`',
  ),
  expose: noEffect('every port of a container is reachable on its networks'),
  dns: same('dns'),
  dns_opt: same('dns_opt'),
  dns_search: same('dns_search'),
  domainname: same('domainname'),
  extra_hosts: same('extra_hosts'),
  hostname: same('hostname'),
};

/** `container:NAME`, where a service of this file has that name. */
export function ofService(value: Entry, root: Entry): Entry {
  const name = /^container:(.+)$/.exec(textOf(value) ?? '')?.[1];
  const [service] =
    fieldsOf(below(root, 'services')).find(([, each]) => {
      const own = below(each, 'container_name');
      return name !== undefined && own !== undefined && textOf(own) === name;
    }) ?? [];
  return service === undefined ? value : scalar(value, `service:${service}`);
}

interface Joined {
  bridges?: Entry;
}

/**
 * @param aliases other names of the service, from `container_name` and the links of others
 */
export function attachmentsOf(service: Entry, aliases: readonly string[], to: Translation): Joined {
  const mode = textOf(below(service, 'network_mode') ?? service) ?? '';
  const both = mode === '' ? undefined : below(service, 'networks');
  if (both) {
    const message = `networks and network_mode: ${mode} exclude each other`;
    to.loading.problems.of({ ...both, at: both.key }, message, 'remove one of both');
  }
  if (mode !== '' && mode !== 'bridge' && mode !== 'default') return {};
  const clause = below(service, 'networks');
  const place = clause ?? service;
  const named =
    (clause && itemsOf(clause)?.map((each) => [textOf(each) ?? '', each] as const)) ??
    fieldsOf(clause);
  const all = named.length > 0 ? named : [[DEFAULT_NETWORK, scalar(place, null)] as const];
  const mac = below(service, 'mac_address');
  const ordered = [...all].sort((a, b) => priorityOf(b[1]) - priorityOf(a[1]));
  const fields = ordered.map(([name, entry], index) => {
    const own = mappingOf(entry)
      ? translateKeys(entry, ATTACHMENT_ROWS, to, 'networks.')
      : ({} as Fields);
    const names = [
      ...(itemsOf(own.aliases ?? entry) ?? []),
      ...aliases.map((each) => scalar(entry, each)),
    ];
    const attachment = mapping(entry, [
      ['address', own.address],
      ['address6', own.address6],
      ['mac', own.mac ?? (index === 0 ? mac : undefined)],
      [
        'aliases',
        names.length > 0
          ? { ...entry, node: { type: 'sequence', items: unique(names) } as const }
          : undefined,
      ],
    ]);
    return [name, fieldsOf(attachment).length > 0 ? attachment : scalar(entry, null)] as const;
  });
  return { bridges: mapping(place, fields) };
}

function unique(names: Entry[]): Entry[] {
  const seen = new Set<string>();
  return names.filter((each) => !seen.has(textOf(each) ?? '') && seen.add(textOf(each) ?? ''));
}

function priorityOf(entry: Entry): number {
  const own = below(entry, 'gw_priority') ?? below(entry, 'priority');
  return own && !isNull(own) ? Number(textOf(own)) || 0 : 0;
}
