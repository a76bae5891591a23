import type { Context } from '../kinds/desired-context.js';
import type { BridgeSource, ContainerEntry } from '../model/config.js';
import {
  EGRESS_FILES,
  EGRESS_ID,
  EGRESS_IMAGE,
  EGRESS_MTU,
  EGRESS_PROGRAM,
  type EgressSpec,
  egressAddress,
  egressName,
  hostNetwork,
  INNER,
  TAP,
} from '../model/egress.js';
import type { Instance } from '../model/instance.js';
import { programEntry, programImage } from './program.js';

type Bridges = Context['config']['bridges'];

/** Adds the image of the ways out, if there are any. */
export function withEgressImage(context: Context): Context {
  const { config } = context;
  if (waysOut(config.bridges).length === 0) return context;
  const images = { ...config.images, [EGRESS_IMAGE]: programImage(EGRESS_PROGRAM) };
  return { ...context, config: { ...config, images } };
}

/** One container for each bridge of the stack that has a way out. */
export function egressInstances(bridges: Bridges): Instance[] {
  return waysOut(bridges).map(([bridge, source]) => {
    const name = egressName(bridge);
    const path = ['bridges', bridge, 'egress'];
    return {
      name,
      service: name,
      entry: entryOf(bridge, source),
      path,
      egress: egressOf(bridge, bridges),
    };
  });
}

function waysOut(bridges: Bridges): [string, BridgeSource][] {
  return Object.entries(bridges).flatMap(([name, bridge]): [string, BridgeSource][] =>
    !bridge.external && bridge.egress ? [[name, bridge]] : [],
  );
}

function egressOf(name: string, bridges: Bridges): EgressSpec {
  const { egress } = bridges[name] as BridgeSource;
  const rules = typeof egress === 'object' ? egress : {};
  const closed = Object.entries(bridges).flatMap(([other, bridge]) =>
    other === name || bridge.external ? [] : (hostNetwork(bridge) ?? []),
  );
  return { ...rules, ...(closed.length > 0 && { closed: closed.sort() }) };
}

/**
 * It has the host's network, a user of its own and no capability. As the owner of the user namespace
 * it may open the tap device once, before its own filter takes that away.
 */
function entryOf(bridge: string, source: BridgeSource): ContainerEntry {
  const address = egressAddress(source);
  return programEntry({
    image: EGRESS_IMAGE,
    command: [
      EGRESS_PROGRAM,
      ...['--cidr', INNER.subnet, '--mtu', `${EGRESS_MTU}`],
      ...['--disable-host-loopback', '--enable-seccomp'],
      ...['--userns-path', EGRESS_FILES.user, '--netns-type', 'path', EGRESS_FILES.net, TAP],
    ],
    bridges: { [bridge]: { ...(address !== undefined && { address }), aliases: [] } },
    // asks the name servers of the host; it is mounted again if it was replaced there
    volumes: [
      { type: 'bind', source: '/etc/resolv.conf', target: '/etc/resolv.conf', read_only: true },
    ],
    user: `${EGRESS_ID}:${EGRESS_ID}`,
    limits: { pids: 16, devices: [{ allow: 'c 10:200 rw' }] },
    // as first process it does not hear SIGTERM
    stop_signal: 'SIGKILL',
    cap_add: [],
  });
}
