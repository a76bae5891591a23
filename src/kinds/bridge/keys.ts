import type { EgressRules } from '../../model/egress.js';
import { canonical6 } from '../../model/ipv6.js';
import type { BridgeDns } from '../../model/resolver.js';
import { protectKey, recordedKey } from '../key.js';

const subnets = (description: string) => ({
  description,
  type: 'array',
  minItems: 1,
  maxItems: 1000,
  items: { $ref: '#/definitions/subnet' },
});

const nameServers = {
  anyOf: [
    {
      type: 'array',
      items: { $ref: '#/definitions/ipv4' },
      minItems: 1,
      maxItems: 3,
      errorMessage: 'must list 1 to 3 name servers',
    },
    { $ref: '#/definitions/ipv4' },
  ],
};

/** Every key of a bridge but `external`, in the order a reader of the file would want them. */
export const BRIDGE_KEYS = {
  subnet: recordedKey({
    schema: {
      description:
        'Its IPv4 subnet, from /8 to /30: `10.77.1.0/24`. `auto` takes a /24 that is free on this host, and keeps it.',
      anyOf: [{ const: 'auto' }, { $ref: '#/definitions/subnet' }],
      errorMessage: 'must be an IPv4 subnet such as 10.77.1.0/24, or auto',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
    flag: { flags: '--subnet <subnet>', help: 'IPv4 subnet, such as 10.77.1.0/24' },
  }),
  host: recordedKey({
    schema: {
      description:
        "The host's address on the bridge; `auto` is the first of the subnet. Without it, the host has no address there.",
      anyOf: [{ const: 'auto' }, { $ref: '#/definitions/ipv4' }],
      errorMessage: 'must be an IPv4 address such as 10.77.1.10, or auto',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
    flag: { flags: '--host <address>', help: 'address of the host on it' },
  }),
  subnet6: recordedKey({
    schema: {
      description:
        'Its IPv6 subnet, from /48 to /126, beside its `subnet` or alone: `fd00:77:1::/64`. `auto` takes a /64 that is free on this host, and keeps it. Its containers then get an IPv6 address as they get an IPv4 address, and `8080:80` is published on every IPv6 address of the host, too.',
      anyOf: [{ const: 'auto' }, { $ref: '#/definitions/subnet6' }],
      errorMessage: 'must be an IPv6 subnet such as fd00:77:1::/64, or auto',
    },
    read: canonicalOf,
    change: 'update',
    flag: { flags: '--subnet6 <subnet>', help: 'IPv6 subnet, such as fd00:77:1::/64' },
  }),
  host6: recordedKey({
    schema: {
      description:
        "The host's IPv6 address on the bridge; `auto` is the first of the `subnet6`. Default: `auto` if there is a `host`. Without it, the host has no IPv6 address there.",
      anyOf: [{ const: 'auto' }, { $ref: '#/definitions/ipv6' }],
      errorMessage: 'must be an IPv6 address such as fd00:77:1::1, or auto',
    },
    read: (raw: string | undefined, _path, _reading, siblings) => hostOf(raw, siblings),
    change: 'update',
    flag: { flags: '--host6 <address>', help: 'IPv6 address of the host on it' },
  }),
  isolated: recordedKey({
    schema: {
      description: 'Forbid a host address and an uplink.',
      type: 'boolean',
      default: false,
    },
    read: (raw: boolean | undefined) => raw ?? false,
    change: 'update',
    flag: { flags: '--isolated', help: 'forbid a host address and an uplink' },
  }),
  uplink: recordedKey({
    schema: {
      description: 'A network interface of the host that is attached to the bridge.',
      type: 'string',
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$',
      errorMessage: 'must be the name of a network interface, at most 15 characters',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
    flag: { flags: '--uplink <interface>', help: 'an interface of the host to attach' },
  }),
  gateway: recordedKey({
    schema: {
      description:
        'The router of the network that the bridge is on: the default route of its containers, in place of the host. An address of its subnet, of a machine behind the `uplink` or of a container on the bridge. `auto`: the one that the DHCP server of the network of its `uplink` names, with the name servers.',
      anyOf: [{ const: 'auto' }, { $ref: '#/definitions/ipv4' }],
      errorMessage: 'must be an IPv4 address such as 192.168.9.1, or auto',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
    flag: { flags: '--gateway <address>', help: 'default route of its containers' },
  }),
  gateway6: recordedKey({
    schema: {
      description:
        'The same for IPv6: an address of its `subnet6`, or the link-local address of a router behind the `uplink`.',
      $ref: '#/definitions/ipv6',
    },
    read: canonicalOf,
    change: 'update',
    flag: { flags: '--gateway6 <address>', help: 'IPv6 default route of its containers' },
  }),
  dns: recordedKey({
    schema: {
      description:
        'Name servers of its containers that have no `dns` of their own. `true`, or a mapping: a resolver of the bridge, which knows its containers and farms and asks others for the rest. An address, or a list of up to three: those of containers that use its `gateway`.',
      anyOf: [
        { type: 'boolean' },
        {
          type: 'object',
          additionalProperties: false,
          minProperties: 1,
          properties: {
            address: {
              description:
                'Address of the resolver. Default: the last of the subnet or `range` that is free.',
              $ref: '#/definitions/ipv4',
            },
            forward: {
              description:
                'The name servers that the resolver asks for what it does not know itself. Default: those of the way out (`egress`), else none.',
              ...nameServers,
            },
          },
        },
        ...nameServers.anyOf,
      ],
      errorMessage:
        'must be true, an address, a list of 1 to 3 addresses, or a mapping of address and forward',
    },
    read: (raw: RawDns | undefined) => dnsOf(raw),
    change: 'update',
    flag: { flags: '--dns <address>', help: 'name server of containers that use its gateway' },
  }),
  range: recordedKey({
    schema: {
      description:
        'The part of its subnet from which containers without an `address` get one: `192.168.9.64/26`. Default: all of it. On a network of other machines, one that no DHCP server assigns from.',
      $ref: '#/definitions/subnet',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
    flag: { flags: '--range <subnet>', help: 'part of the subnet for automatic addresses' },
  }),
  egress: recordedKey({
    schema: {
      description:
        'A way out for its containers, by a NAT program that needs no packet filter rule, kernel parameter or routing of the host. `true`, or which subnets can be reached: of all that contain a destination, the longest prefix decides; with `allow` alone, everything else is denied. The host itself, its other bridges and link-local addresses are closed unless `allow` has exactly them.',
      anyOf: [
        { type: 'boolean' },
        {
          type: 'object',
          additionalProperties: false,
          minProperties: 1,
          properties: {
            allow: subnets('Subnets that can be reached; without `deny`, nothing else.'),
            deny: subnets('Subnets that cannot be reached.'),
          },
        },
      ],
      default: false,
      errorMessage: 'must be true, false, or a mapping of allow and deny to lists of subnets',
    },
    read: (raw: boolean | EgressRules | undefined) => egressOf(raw),
    change: 'update',
    flag: { flags: '--egress', help: 'a way out for its containers, by a NAT program' },
  }),
  members: recordedKey({
    schema: {
      description:
        '`isolated`: its containers reach the host, the uplink, the `gateway`, the way out and the proxies of farms, but not each other.',
      enum: ['connected', 'isolated'],
      default: 'connected',
      errorMessage: 'must be connected or isolated',
    },
    read: (raw: 'connected' | 'isolated' | undefined) => (raw === 'isolated' ? raw : undefined),
    change: 'update',
  }),
  port_security: recordedKey({
    schema: {
      description:
        'Containers send from their own MAC address only, and none can take the address of another, as far as the host is concerned. `false` accepts any MAC address from all of them.',
      type: 'boolean',
      default: true,
    },
    // undefined by default, so that bridges are recorded as ever
    read: (raw: boolean | undefined) => (raw === false ? raw : undefined),
    change: 'update',
  }),
  protect: protectKey,
};

function canonicalOf(raw: string | undefined): string | undefined {
  return raw === undefined ? undefined : canonical6(raw);
}

/** A host with an address of one family has one of the other, too. */
function hostOf(
  raw: string | undefined,
  { host, subnet6 }: { host?: unknown; subnet6?: unknown },
): string | undefined {
  const both = host !== undefined && subnet6 !== undefined;
  return canonicalOf(raw ?? (both ? 'auto' : undefined));
}

type RawDns = boolean | string | string[] | { address?: string; forward?: string | string[] };

function dnsOf(raw: RawDns | undefined): BridgeDns | undefined {
  if (raw === undefined || raw === false) return undefined;
  if (raw === true || Array.isArray(raw)) return raw;
  if (typeof raw === 'string') return [raw];
  const { address, forward } = raw;
  return {
    ...(address !== undefined && { address }),
    ...(forward !== undefined && { forward: [forward].flat() }),
  };
}

/** Undefined for none, so that bridges without one are recorded as ever. */
function egressOf(raw: boolean | EgressRules | undefined): true | EgressRules | undefined {
  return raw === false ? undefined : raw;
}
