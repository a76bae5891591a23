import type { Preconditions } from '../../host/ports.js';
import type { Warning } from '../../model/plan.js';
import type { BridgeSpec } from '../../model/specs.js';
import type { PlannedSpec, Preflight } from '../kind.js';

/** Only a subnet that changes is checked, and an uplink that has yet to join. */
export const preflight: Preflight<BridgeSpec> = {
  action: 'make',
  obstacles(spec, { verbs, recorded, planned, host }) {
    const { uplink, link, subnet, subnet6 } = spec;
    const makes = verbs.has('bridge.ensure');
    const joins = makes && uplink !== undefined;
    // what is recorded was there first
    const isSame = recorded?.subnet === subnet && recorded?.host === spec.host;
    const isSame6 = recorded?.subnet6 === subnet6 && recorded?.host6 === spec.host6;
    return [
      ...(joins ? [{ at: ['uplink'], cause: host.uplinkProblem(uplink, link) }] : []),
      ...(isSame ? [] : [{ at: ['subnet'], cause: host.subnetProblem(spec, freedLinks(planned)) }]),
      ...(makes && subnet6 !== undefined ? [{ at: ['subnet6'], cause: host.ipv6Problem() }] : []),
      ...(isSame6
        ? []
        : [{ at: ['subnet6'], cause: host.subnet6Problem(spec, freedLinks(planned)) }]),
    ];
  },
  warnings,
};

/**
 * Links whose subnet this plan frees: bridges that change or are deleted, and their uplinks, which
 * are on the same network.
 */
function freedLinks(planned: readonly PlannedSpec<BridgeSpec>[]): ReadonlySet<string> {
  return new Set(
    planned.flatMap(({ spec: { link, uplink } }) => [link, ...(uplink ? [uplink] : [])]),
  );
}

/** Warns once for each IP version if a new bridge gives its containers a route to the host's other networks. */
function warnings(planned: readonly PlannedSpec<BridgeSpec>[], host: Preconditions): Warning[] {
  const made = (key: 'host' | 'host6') =>
    planned.find(({ mode, spec }) => mode === 'put' && spec[key] !== undefined);
  const [bridge, bridge6] = [made('host'), made('host6')];
  return [
    ...(bridge && host.forwards() ? [routeOut(bridge, '', 'ip_forward is 1')] : []),
    ...(bridge6 && host.forwards6() ? [routeOut(bridge6, ' over IPv6', FORWARDING6)] : []),
  ];
}

const FORWARDING6 = 'net.ipv6.conf.all.forwarding is 1';

function routeOut({ address }: PlannedSpec<BridgeSpec>, way: string, setting: string): Warning {
  const text = `has a route out${way}: this host forwards packets (${setting}), so containers on it reach the host’s other networks; see baleine doctor`;
  return { address, text };
}
