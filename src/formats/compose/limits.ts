import type { Entry } from '../../config/document.js';
import { below, fieldsOf, itemsOf, mapping, scalar, sequence, textOf } from '../entries.js';
import {
  type Fields,
  noEffect,
  type Rows,
  refused,
  type Translation,
  translated,
  translateKeys,
} from './rows.js';
import { numberOf } from './values.js';

/** A limit of the cgroup; `limits` of baleine.yaml collects them. */
const limit = (name: string, read: (value: Entry) => Entry = (value) => value) =>
  translated(`\`limits.${name}\``, (value) => ({ [name]: read(value) }));

/** In place of `limits.devices`: `devices` is a key of a container, too. */
export const DEVICE_RULES = 'device_rules';

/** Limits among the keys of a service. */
export const LIMIT_ROWS: Rows = {
  mem_limit: limit('memory'),
  mem_reservation: limit('memory_reservation'),
  memswap_limit: limit('memory_swap'),
  mem_swappiness: limit('memory_swappiness', numberOf),
  cpus: limit('cpus', numberOf),
  cpu_shares: limit('cpu_shares', numberOf),
  cpuset: limit('cpuset'),
  pids_limit: translated('`limits.pids`', (value, { entry }) =>
    isUnlimited(value) || isUnlimited(entry) ? {} : { pids: numberOf(value) },
  ),
  cpu_quota: translated('`limits.cpus`', (value, { entry, loading }) => {
    const quota = Number(textOf(value));
    if (Number.isNaN(quota)) {
      const hint = 'cpus: 0.5 is shorter';
      loading.problems.of(value, 'cpu_quota is a number of microseconds', hint);
    }
    const period = Number(textOf(below(entry, 'cpu_period') ?? scalar(value, 100_000)));
    const cpus = Math.round((quota / (period || 100_000)) * 1000) / 1000;
    return quota > 0 ? { cpus: scalar(value, cpus) } : {};
  }),
  cpu_period: translated('`limits.cpus`, with `cpu_quota`', (value, { entry, warnings }) => {
    if (!below(entry, 'cpu_quota')) {
      const place = { at: value.key, source: value.source };
      warnings.add(place, 'cpu_period has no effect: it needs cpu_quota');
    }
    return {};
  }),
  cpu_count: noEffect('it limits Windows containers'),
  cpu_percent: noEffect('it limits Windows containers'),
  cpu_rt_period: refused('containers get no real-time time', 'remove it; `cpus` limits CPU time'),
  cpu_rt_runtime: refused('containers get no real-time time', 'remove it; `cpus` limits CPU time'),
  blkio_config: translated('`limits.io`', throttles),
  'blkio_config.weight': noEffect('weights need an I/O scheduler that few hosts use'),
  'blkio_config.weight_device': noEffect('weights need an I/O scheduler that few hosts use'),
  'blkio_config.weight_device.path': noEffect('weights need an I/O scheduler that few hosts use'),
  'blkio_config.weight_device.weight': noEffect('weights need an I/O scheduler that few hosts use'),
  ...Object.fromEntries(
    ['device_read_bps', 'device_read_iops', 'device_write_bps', 'device_write_iops'].flatMap(
      (key) => [
        [`blkio_config.${key}`, translated('`limits.io`')],
        [`blkio_config.${key}.path`, translated('`limits.io[].device`')],
        [`blkio_config.${key}.rate`, translated('`limits.io`')],
      ],
    ),
  ),
  device_cgroup_rules: translated('`limits.devices`', (value) => ({
    [DEVICE_RULES]: sequence(
      value,
      (itemsOf(value) ?? []).map((item) => mapping(item, [['allow', item]])),
    ),
  })),
};

const isUnlimited = (value: Entry) => ['-1', '0'].includes(textOf(value) ?? '');

function throttles(value: Entry, to: Translation): Fields {
  translateKeys(value, LIMIT_ROWS, to, 'blkio_config.');
  const io = fieldsOf(value).flatMap(([key, entry]) => {
    if (!key.startsWith('device_')) return [];
    const rate = key.replace('device_', '');
    return (itemsOf(entry) ?? []).map((item) => {
      const [path, each] = [below(item, 'path'), below(item, 'rate')];
      return mapping(item, [
        ['device', path],
        [rate, each && numberOf(each)],
      ]);
    });
  });
  return io.length > 0 ? { io: sequence(value, io) } : {};
}

/** The part of `deploy.resources` that limits a container. */
export const RESOURCE_ROWS: Rows = {
  'deploy.resources.limits': translated('`limits`', (value, to) =>
    translateKeys(value, RESOURCE_ROWS, to, 'deploy.resources.limits.'),
  ),
  'deploy.resources.limits.cpus': limit('cpus', numberOf),
  'deploy.resources.limits.memory': limit('memory'),
  'deploy.resources.limits.pids': limit('pids', numberOf),
  'deploy.resources.reservations': translated('`limits.memory_reservation`', (value, to) =>
    translateKeys(value, RESOURCE_ROWS, to, 'deploy.resources.reservations.'),
  ),
  'deploy.resources.reservations.cpus': noEffect('one host has no placement to decide'),
  'deploy.resources.reservations.memory': limit('memory_reservation'),
  'deploy.resources.reservations.generic_resources': noEffect(
    'one host has no placement to decide',
  ),
  ...Object.fromEntries(
    ['discrete_resource_spec', 'discrete_resource_spec.kind', 'discrete_resource_spec.value'].map(
      (key) => [
        `deploy.resources.reservations.generic_resources.${key}`,
        noEffect('one host has no placement to decide'),
      ],
    ),
  ),
  'deploy.resources.reservations.devices': refused('there is no support for GPUs', 'remove it'),
  ...Object.fromEntries(
    ['capabilities', 'count', 'device_ids', 'driver', 'options'].map((key) => [
      `deploy.resources.reservations.devices.${key}`,
      noEffect('its device is refused'),
    ]),
  ),
};
