import type { Path } from '../../config/document.js';
import type { BridgeEntry, BridgeSource, VolumeEntry, VolumeSource } from '../../model/config.js';
import { covered, lost, lostEvenFalse, type Rows, translate } from '../rows.js';
import type { Stack } from '../stack.js';
import { nameIn } from './draft.js';
import { Unit, word } from './unit.js';

export function networkOf(name: string, bridge: BridgeEntry, stack: Stack): Unit {
  const unit = new Unit();
  const path: Path = ['bridges', name];
  if (bridge.external) {
    const there = bridge.name ?? name;
    unit.add('Network', 'NetworkName', there);
    stack.losses.note(path, `the network ${there} is made if it is not there`);
    return unit;
  }
  const { external: _, lease: _lease, ...entry } = bridge;
  unit.add('Network', 'NetworkName', nameIn(stack, name));
  // reaches no other network of the host, as here
  unit.add('Network', 'Options', 'isolate=true');
  translate(entry, BRIDGE, unit, path, stack.losses);
  if (!bridge.egress && !bridge.isolated) stack.losses.note(path, open(name));
  return unit;
}

const open = (name: string) =>
  `bridge ${name} has no way out here, and a network of Podman has one unless it is isolated`;

export function volumeOf(name: string, volume: VolumeEntry, stack: Stack): Unit {
  const unit = new Unit();
  if (volume.external) {
    unit.add('Volume', 'VolumeName', volume.name ?? name);
    return unit;
  }
  const { external: _, ...entry } = volume;
  unit.add('Volume', 'VolumeName', nameIn(stack, name));
  translate(entry, VOLUME, unit, ['volumes', name], stack.losses);
  return unit;
}

const HOST = 'a network of Podman is one of the host alone';

const BRIDGE: Rows<Omit<BridgeSource, 'external' | 'lease'>, Unit> = {
  subnet: (value, unit) => value !== 'auto' && unit.add('Network', 'Subnet', value),
  // the address of the host, which a network always has
  host: (value, unit) => value !== 'auto' && unit.add('Network', 'Gateway', value),
  subnet6: (value, unit) => {
    unit.add('Network', 'IPv6', 'true');
    if (value !== 'auto') unit.add('Network', 'Subnet', value);
  },
  host6: (value, _unit, at, losses) =>
    value !== 'auto' && losses.lose(at, 'it is the first of the subnet'),
  isolated: (value, unit) => value && unit.add('Network', 'Internal', 'true'),
  uplink: lost(HOST),
  gateway: lost(HOST),
  gateway6: lost(HOST),
  dns: (value, unit, at, losses) => {
    if (value === true) return;
    if (Array.isArray(value)) unit.add('Network', 'DNS', ...value);
    else losses.lose(at, 'a network has its own name server');
  },
  range: (value, unit) => unit.add('Network', 'IPRange', value),
  egress: (value, _unit, at, losses) =>
    typeof value === 'object' &&
    losses.lose(at, 'a way out has no rules: everything can be reached'),
  members: lost('containers on a network reach each other'),
  port_security: lostEvenFalse('Podman does not check addresses'),
  protect: lost('nothing there is protected from its removal'),
};

const VOLUME: Rows<Omit<VolumeSource, 'external'>, Unit> = {
  size: lost('a volume of Podman has no quota'),
  owner: (value, unit) => {
    const [user = '0', group = user] = value.split(':');
    unit.add('Volume', 'User', user);
    unit.add('Volume', 'Group', group);
  },
  mode: lost('a new volume has the mode that the folder has in the image'),
  labels: (value, unit) => {
    for (const [key, text] of Object.entries(value))
      unit.add('Volume', 'Label', word(`${key}=${text}`));
  },
  snapshots: lost('there are no snapshots'),
  backup: lost('there are no backups'),
  snapshot_on_change: lost('there are no snapshots'),
  protect: covered,
};
