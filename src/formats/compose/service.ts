import type { Entry } from '../../config/document.js';
import {
  below,
  changed,
  fieldsOf,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  sequence,
  textOf,
} from '../entries.js';
import { imageOf } from './build.js';
import { deployLimits, placementOf, restartOf } from './deploy.js';
import { DEVICE_RULES } from './limits.js';
import { mountsOf, tmpfsList } from './mounts.js';
import { attachmentsOf } from './networks.js';
import { publishOf } from './ports.js';
import { type Fields, type Translation, translateKeys } from './rows.js';
import { SERVICE_ROWS } from './service-rows.js';

/** A service as a container, without the number of its replicas, and the ports it publishes. */
export function containerOf(
  service: Entry,
  aliases: readonly string[],
  to: Translation,
): { container: Entry; publish: Entry | undefined } {
  const image = imageOf(service, to);
  const fields = translateKeys(service, SERVICE_ROWS, to);
  const limits: Fields = {};
  for (const [key, value] of Object.entries(fields)) {
    if (!LIMIT_NAMES.has(key)) continue;
    limits[key === DEVICE_RULES ? 'devices' : key] = value;
    delete fields[key];
  }
  Object.assign(limits, deployLimits(service, to));
  const mounts = mountsWithOthers(service, to);
  const ports = below(service, 'ports');
  const publish = ports && publishOf(ports, to);
  const own = mapping(service, [
    ...Object.entries(fields),
    ['image', image],
    ['restart', restartOf(service)],
    ['placement', placementOf(service)],
    ['volumes', mounts.volumes],
    ['tmpfs', tmpfsOf(service, mounts.tmpfs)],
    [
      'limits',
      Object.keys(limits).length > 0 ? mapping(service, Object.entries(limits)) : undefined,
    ],
    ...Object.entries(attachmentsOf(service, aliases, to)),
  ]);
  return { container: withExtra(own, service), publish };
}

/** Names that rows of LIMIT_ROWS give, in `limits`. */
const LIMIT_NAMES = new Set([
  'cpus',
  'cpu_shares',
  'cpuset',
  DEVICE_RULES,
  'io',
  'memory',
  'memory_reservation',
  'memory_swap',
  'memory_swappiness',
  'pids',
]);

/** Keys of `x-baleine` that are no keys of a container. */
const NO_CONTAINER_KEYS = new Set(['farm', 'image']);

/** `x-baleine` has keys of baleine.yaml, which win. */
function withExtra(container: Entry, service: Entry): Entry {
  const extra = fieldsOf(below(service, 'x-baleine')).filter(
    ([key]) => !NO_CONTAINER_KEYS.has(key),
  );
  const merged = extra.map(([key, value]) => {
    const before = below(container, key);
    const isMerged = before && mappingOf(before) && mappingOf(value);
    return [key, isMerged ? changed(before, Object.fromEntries(fieldsOf(value))) : value] as const;
  });
  return changed(container, Object.fromEntries(merged));
}

/** Own mounts, and those of the services in `volumes_from`. */
function mountsWithOthers(
  service: Entry,
  to: Translation,
  seen: readonly Entry[] = [],
): { volumes: Entry | undefined; tmpfs: Entry[] } {
  const own = below(service, 'volumes');
  const { volumes, tmpfs = [] } = own ? mountsOf(own, to) : {};
  const clause = below(service, 'volumes_from');
  if (!clause || seen.includes(service)) return { volumes, tmpfs };
  const borrowed = (itemsOf(clause) ?? []).flatMap((item) => {
    const [name = '', mode] = (textOf(item) ?? '').split(':');
    const other = name === 'container' ? undefined : below(to.root, 'services', name);
    if (!other) {
      const hint = 'name a volume, and mount it in both';
      to.loading.problems.of(item, `there is no service "${textOf(item)}" in this file`, hint);
      return [];
    }
    const theirs = mountsWithOthers(other, { ...to, name, entry: other }, [
      ...seen,
      service,
    ]).volumes;
    return (theirs ? (itemsOf(theirs) ?? []) : []).map((each) =>
      mode === 'ro' ? changed(each, { read_only: scalar(item, true) }) : each,
    );
  });
  const targets = new Set((volumes ? itemsOf(volumes) : [])?.map(targetOf));
  const added = borrowed.filter((each) => !targets.has(targetOf(each)));
  const all = [...(volumes ? (itemsOf(volumes) ?? []) : []), ...added];
  return { volumes: all.length > 0 ? sequence(own ?? clause, all) : volumes, tmpfs };
}

const targetOf = (mount: Entry) => textOf(below(mount, 'target') ?? mount);

function tmpfsOf(service: Entry, fromVolumes: Entry[]): Entry | undefined {
  const clause = below(service, 'tmpfs');
  const all = [...(clause ? tmpfsList(clause) : []), ...fromVolumes];
  return all.length > 0 ? sequence(clause ?? service, all) : undefined;
}
