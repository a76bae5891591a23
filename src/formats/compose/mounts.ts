import { homedir } from 'node:os';
import type { Entry } from '../../config/document.js';
import { digest } from '../../model/json.js';
import {
  below,
  fieldsOf,
  isNull,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  sequence,
  textOf,
} from '../entries.js';
import { replicasOf } from './deploy.js';
import {
  noEffect,
  type Rows,
  refused,
  type Translation,
  translated,
  translateKeys,
} from './rows.js';
import { isTrue } from './values.js';

const NO_DAEMON = 'there is no Docker daemon whose socket a container could use';
const NO_DAEMON_HINT =
  'a container that starts or watches others cannot do so here; cron and baleine do';

/** Keys of the long form of a mount. */
export const MOUNT_ROWS: Rows = {
  'volumes.type': translated('the mount'),
  'volumes.source': translated('the mount'),
  'volumes.target': translated('the mount'),
  'volumes.read_only': translated('`read_only` of the mount'),
  'volumes.consistency': noEffect('files are shared with the host directly'),
  'volumes.bind': translated('the mount'),
  'volumes.bind.propagation': translated('only `rprivate`, which every mount has'),
  'volumes.bind.create_host_path': translated('`create` of the mount'),
  'volumes.bind.recursive': noEffect('a bind mount has what is mounted below it'),
  'volumes.bind.selinux': noEffect('labels follow the key `selinux`'),
  'volumes.volume': translated('the mount'),
  'volumes.volume.labels': noEffect('labels belong to named volumes'),
  'volumes.volume.nocopy': translated('`nocopy` of the mount'),
  'volumes.volume.subpath': translated('`subpath` of the mount'),
  'volumes.tmpfs': translated('`tmpfs`'),
  'volumes.tmpfs.size': translated('`tmpfs`'),
  'volumes.tmpfs.mode': translated('`tmpfs`'),
  'volumes.image': refused(
    'an image cannot be mounted',
    'copy what you need into an image, or into a volume',
  ),
  'volumes.image.subpath': noEffect('its image is refused'),
};

/** Mounts of a service: `volumes` and `tmpfs` of baleine.yaml. */
export function mountsOf(value: Entry, to: Translation): { volumes?: Entry; tmpfs?: Entry[] } {
  const volumes: Entry[] = [];
  const tmpfs: Entry[] = [];
  for (const item of itemsOf(value) ?? []) {
    const mount = mappingOf(item) ? longForm(item, to) : shortForm(item, to);
    if (mount && 'tmpfs' in mount) tmpfs.push(mount.tmpfs);
    else if (mount) volumes.push(mount.volume);
  }
  return {
    ...(volumes.length > 0 && { volumes: sequence(value, volumes) }),
    ...(tmpfs.length > 0 && { tmpfs }),
  };
}

type Mount = { volume: Entry } | { tmpfs: Entry };

/** Accepted, and without a meaning where files are shared with the host directly. */
const NO_EFFECT = new Set([
  'z',
  'Z',
  'cached',
  'delegated',
  'consistent',
  'rprivate',
  'private',
  'rw',
]);

function shortForm(item: Entry, to: Translation): Mount | undefined {
  const text = textOf(item) ?? '';
  const { problems } = to.loading;
  const parts = text.split(':');
  if (parts.length > 3 || parts.some((each) => each === '')) {
    problems.of(
      item,
      `${JSON.stringify(text)} is no mount`,
      'write SOURCE:TARGET or SOURCE:TARGET:ro',
    );
    return undefined;
  }
  const [source = '', target, options = ''] = parts;
  if (target === undefined) return { volume: anonymous(item, source, to) };
  const words = options.split(',').filter((each) => each !== '');
  const unknown = words.find((each) => !NO_EFFECT.has(each) && each !== 'ro' && each !== 'nocopy');
  if (unknown !== undefined) {
    problems.of(
      item,
      `unknown option ${JSON.stringify(unknown)} of a mount`,
      'ro makes it read-only',
    );
    return undefined;
  }
  const isPath = /^[./~]/.test(source);
  if (isPath && isDocker(source)) return refuseDocker(item, to);
  return mount(item, to, {
    source: scalar(item, source),
    target: scalar(item, target),
    isPath,
    readOnly: words.includes('ro'),
    ...(isPath ? { create: true } : { nocopy: words.includes('nocopy') }),
  });
}

const isDocker = (source: string) => /(^|\/)(var\/)?run\/docker\.sock\/?$/.test(source);

function refuseDocker(item: Entry, { loading }: Translation): undefined {
  loading.problems.of(item, NO_DAEMON, NO_DAEMON_HINT);
  return undefined;
}

/**
 * A volume that lives with the service's name: a volume of the stack, named after the service and the
 * path.
 */
function anonymous(item: Entry, target: string, to: Translation): Entry {
  const name = `${to.name.slice(0, 54)}-${digest(target, 8)}`;
  if (Number(textOf(replicasOf(to.entry)) ?? 1) > 1) {
    const hint = 'name a volume, which its replicas share';
    to.loading.problems.of(item, 'replicas have no volumes without a name', hint);
  }
  to.resources.volumes.set(name, scalar(item, null));
  return mapping(item, [
    ['type', scalar(item, 'volume')],
    ['source', scalar(item, name)],
    ['target', scalar(item, target)],
  ]);
}

interface Parts {
  source: Entry;
  target: Entry;
  isPath: boolean;
  readOnly: boolean;
  create?: boolean;
  nocopy?: boolean | undefined;
  subpath?: Entry | undefined;
}

function mount(item: Entry, to: Translation, parts: Parts): Mount {
  const { source, target, isPath, readOnly, create, nocopy, subpath } = parts;
  const folder = isPath ? undefined : boundFolder(below(to.root, 'volumes', textOf(source) ?? ''));
  if (folder) return mount(item, to, { ...parts, source: folder, isPath: true });
  const text = textOf(source) ?? '';
  const path = text.startsWith('~') ? text.replace(/^~/, homeOf(to)) : text;
  const named = isPath ? scalar(source, path) : source;
  const options = fieldsFrom(item, { nocopy, subpath });
  return {
    volume: mapping(item, [
      ['type', scalar(item, isPath ? 'bind' : 'volume')],
      ['source', named],
      ['target', target],
      ['read_only', readOnly ? scalar(item, true) : undefined],
      ['create', isPath && create ? scalar(item, true) : undefined],
      ['volume', options],
    ]),
  };
}

const homeOf = ({ loading }: Translation) => loading.lookUp('HOME') ?? homedir();

function fieldsFrom(
  item: Entry,
  { nocopy, subpath }: Pick<Parts, 'nocopy' | 'subpath'>,
): Entry | undefined {
  const fields = mapping(item, [
    ['nocopy', nocopy ? scalar(item, true) : undefined],
    ['subpath', subpath],
  ]);
  return fieldsOf(fields).length > 0 ? fields : undefined;
}

function longForm(item: Entry, to: Translation): Mount | undefined {
  const { problems } = to.loading;
  translateKeys(item, MOUNT_ROWS, to, 'volumes.');
  for (const part of ['bind', 'volume', 'tmpfs', 'image']) {
    const options = below(item, part);
    if (options) translateKeys(options, MOUNT_ROWS, to, `volumes.${part}.`);
  }
  const [typeAt, source, target] = ['type', 'source', 'target'].map((key) => below(item, key));
  const type = typeAt && textOf(typeAt);
  if (!target) {
    problems.of(item, 'a mount needs a target');
    return undefined;
  }
  if (type === 'tmpfs') return { tmpfs: tmpfsOf(item, target) };
  if (type !== 'bind' && type !== 'volume') {
    const place = typeAt ?? item;
    problems.of(place, `mounts of type ${type} are refused`, 'what there is: bind, volume, tmpfs');
    return undefined;
  }
  const propagation = below(item, 'bind', 'propagation');
  if (propagation && !['rprivate', 'private'].includes(textOf(propagation) ?? '')) {
    problems.of(propagation, 'mounts of a container are private to it', 'remove propagation');
  }
  const readOnly = isTrue(below(item, 'read_only'));
  if (!source && type === 'volume') return { volume: anonymous(item, textOf(target) ?? '', to) };
  if (!source) {
    problems.of(item, 'a bind mount needs a source');
    return undefined;
  }
  if (isDocker(textOf(source) ?? '')) return refuseDocker(source, to);
  const create = below(item, 'bind', 'create_host_path');
  return mount(item, to, {
    source,
    target,
    isPath: type === 'bind',
    readOnly,
    create: create ? isTrue(create) : true,
    nocopy: isTrue(below(item, 'volume', 'nocopy')),
    subpath: below(item, 'volume', 'subpath'),
  });
}

function tmpfsOf(item: Entry, target: Entry): Entry {
  const [size, mode] = ['size', 'mode'].map((key) => below(item, 'tmpfs', key));
  const options = [
    ...(size ? [`size=${textOf(size)?.replace(/b$/i, '')}`] : []),
    ...(mode ? [`mode=${Number(textOf(mode)).toString(8)}`] : []),
  ];
  const path = textOf(target) ?? '';
  return scalar(item, options.length > 0 ? `${path}:${options.join(',')}` : path);
}

/** Top-level volumes. */
export const VOLUME_ROWS: Rows = {
  name: translated('`name` of an external volume', (value, { entry, warnings }) => {
    if (below(entry, 'external')) return {};
    const place = { at: value.key, source: value.source };
    warnings.add(
      place,
      'name has no effect: the volumes of a stack are apart from those of others',
    );
    return {};
  }),
  external: translated('`external`', (value, { entry }) => externalOf(value, entry)),
  'external.name': translated('`name`'),
  labels: translated('`labels`', (value, { entry }) =>
    below(entry, 'external') ? {} : { labels: value },
  ),
  driver: translated('`local`; other drivers are refused', (value, { loading }) => {
    const driver = textOf(value);
    if (driver !== 'local' && driver !== '' && driver !== undefined) {
      loading.problems.of(
        value,
        `there is no volume driver ${driver}`,
        'volumes are local folders',
      );
    }
    return {};
  }),
  driver_opts: translated('a bind mount, where the options describe one', (value, to) => {
    if (fieldsOf(value).length > 0 && !boundFolder(to.entry)) {
      const hint = 'mount it on the host, and use its path as the source of a bind mount';
      to.loading.problems.of(value, 'options of a volume driver are refused', hint);
    }
    return {};
  }),
};

/** The folder that a volume with `driver_opts: {type: none, o: bind, device: PATH}` is. */
export function boundFolder(volume: Entry | undefined): Entry | undefined {
  const option = (key: string) => {
    const found = below(volume, 'driver_opts', key);
    return found && textOf(found);
  };
  const isBind = option('o')?.split(',').includes('bind') && (option('type') ?? 'none') === 'none';
  return isBind ? below(volume, 'driver_opts', 'device') : undefined;
}

/** `external: true`, or the old form `external: {name: …}`. */
export function externalOf(value: Entry, entry: Entry): Record<string, Entry | undefined> {
  if (mappingOf(value)) {
    return { external: scalar(value, true), name: below(value, 'name') ?? below(entry, 'name') };
  }
  return isTrue(value) ? { external: scalar(value, true), name: below(entry, 'name') } : {};
}

export const tmpfsList = (value: Entry): Entry[] =>
  itemsOf(value)?.slice() ?? (isNull(value) ? [] : [value]);
