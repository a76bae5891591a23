import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from 'kubernetes-types/networking/v1.js';
import type { BridgeSource, PublishRequest } from '../../model/config.js';
import { covered, lost, lostEvenFalse, type Rows, translate, unlessAuto } from '../rows.js';
import type { Stack } from '../stack.js';
import { BRIDGE, NAME, PART_OF, type Pod } from './pod.js';

/** The label of the proxies of farms, which containers of a bridge with isolated members reach. */
export const PROXY = 'baleine/proxy';

/**
 * Bridges as policies: nothing may reach a pod of the stack or be reached by it, but what a bridge, a way
 * out or a published port allows.
 */
export function policiesOf(
  stack: Stack,
  pods: readonly { pod: Pod; publish: PublishRequest[] }[],
): NetworkPolicy[] {
  const [first] = pods;
  if (!first) return [];
  const { names, labels } = first.pod;
  const all = { [PART_OF]: labels[PART_OF] as string };
  const policy = (name: string, spec: NonNullable<NetworkPolicy['spec']>): NetworkPolicy => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: all },
    spec,
  });
  const denied = policy('default-deny', {
    podSelector: { matchLabels: all },
    policyTypes: ['Ingress', 'Egress'],
  });
  const bridges = Object.entries(stack.config.bridges).map(([name, bridge]) => {
    const label = names.of('bridge', name);
    const podSelector = { matchLabels: { ...all, [BRIDGE + label]: 'true' } };
    const source = bridge.external ? undefined : bridge;
    if (source) bridgeLosses(name, source, stack);
    else
      stack.losses.lose(['bridges', name], 'the containers of another stack on it are not reached');
    const isSeparated = source?.members === 'isolated';
    const proxies = { matchLabels: { ...podSelector.matchLabels, [PROXY]: 'true' } };
    const members: NetworkPolicyPeer[] = [{ podSelector: isSeparated ? proxies : podSelector }];
    const out = source?.egress ? [{ to: blocksOf(source.egress) }] : [];
    return policy(`bridge-${label}`.slice(0, 253), {
      podSelector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: members }],
      egress: [{ to: members }, NAME_SERVER, ...out],
    });
  });
  const separated = Object.entries(stack.config.bridges).flatMap(([name, bridge]) => {
    if (bridge.external || bridge.members !== 'isolated') return [];
    const label = names.of('bridge', name);
    const matchLabels = { ...all, [BRIDGE + label]: 'true' };
    return [
      policy(`bridge-${label}-proxies`, {
        podSelector: { matchLabels: { ...matchLabels, [PROXY]: 'true' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: { matchLabels } }] }],
        egress: [{ to: [{ podSelector: { matchLabels } }] }],
      }),
    ];
  });
  const published = pods.flatMap(({ pod, publish }) => {
    const ports = publish.map(
      ({ target, protocol }): NetworkPolicyPort => ({
        port: target,
        protocol: protocol === 'udp' ? 'UDP' : 'TCP',
      }),
    );
    if (ports.length === 0) return [];
    const name = pod.labels[NAME] as string;
    const podSelector = { matchLabels: { [NAME]: name, ...all } };
    return [
      policy(`${name}-published`, { podSelector, policyTypes: ['Ingress'], ingress: [{ ports }] }),
    ];
  });
  return [denied, ...bridges, ...separated, ...published];
}

/** The name server of the cluster. */
const NAME_SERVER: NetworkPolicyEgressRule = {
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ],
};

type Egress = Exclude<BridgeSource['egress'], undefined>;

/** Of all subnets that contain a destination, the longest prefix decides: an exception lies inside its block. */
function blocksOf(egress: Egress): NetworkPolicyPeer[] {
  const { allow = undefined, deny = [] } = egress === true ? {} : egress;
  return (allow ?? ['0.0.0.0/0']).map((cidr) => {
    const except = deny.filter((each) => each !== cidr && isInside(each, cidr));
    return { ipBlock: { cidr, ...(except.length > 0 && { except }) } };
  });
}

function isInside(inner: string, outer: string): boolean {
  const [a, b] = [inner, outer].map((each) => {
    const [address = '', length = '32'] = each.split('/');
    const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    return { bits, length: Number(length) };
  }) as [{ bits: number; length: number }, { bits: number; length: number }];
  const size = 2 ** (32 - b.length);
  return a.length >= b.length && Math.floor(a.bits / size) === Math.floor(b.bits / size);
}

function bridgeLosses(name: string, bridge: BridgeSource, { losses }: Stack): void {
  const { external: _, lease: _lease, ...entry } = bridge;
  translate(entry, LOSSES, undefined, ['bridges', name], losses);
}

const CLUSTER = 'the network of the cluster decides';

const LOSSES: Rows<Omit<BridgeSource, 'external' | 'lease'>, unknown> = {
  subnet: unlessAuto('pods have addresses of the cluster'),
  host: unlessAuto('the nodes have addresses of their own'),
  subnet6: unlessAuto('pods have addresses of the cluster'),
  host6: unlessAuto('the nodes have addresses of their own'),
  isolated: covered,
  uplink: lost(CLUSTER),
  gateway: lost(CLUSTER),
  gateway6: lost(CLUSTER),
  dns: (value, _into, at, losses) =>
    value !== true && losses.lose(at, 'the cluster has its own name server'),
  range: lost(CLUSTER),
  egress: covered,
  members: covered,
  port_security: lostEvenFalse(CLUSTER),
  protect: lost('nothing there is protected from its removal'),
};
