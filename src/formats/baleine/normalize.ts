import { resolve } from 'node:path';
import type { Sections } from '../../config/check/validation-context.js';
import type { Path } from '../../config/document.js';
import { defined, mapEntries, type ParseContext } from '../../config/values.js';
import { PROXY_KEYS, SERVER_KEYS, UPDATE_KEYS } from '../../farm/keys.js';
import { BRIDGE_KEYS } from '../../kinds/bridge/keys.js';
import { imageHealthOf } from '../../kinds/container/keys/healthcheck.js';
import { KEYS } from '../../kinds/container/keys/index.js';
import { CONFIG_KEYS, originOf, SECRET_KEYS } from '../../kinds/container/keys/origins.js';
import type { KeyEntries } from '../../kinds/container/keys/types.js';
import { IMAGE_CONFIG_KEYS, IMAGE_KEYS } from '../../kinds/image/keys.js';
import { JOB_KEYS } from '../../kinds/job/keys.js';
import type { Described } from '../../kinds/key.js';
import { VOLUME_KEYS } from '../../kinds/volume/keys.js';
import type {
  BridgeEntry,
  ContainerEntry,
  External,
  FarmEntry,
  FileOrigin,
  FileSection,
  ImageEntry,
  JobEntry,
  VolumeEntry,
} from '../../model/config.js';
import type { SwarmOptions } from '../../model/swarm-options.js';
import type {
  BaleineFile,
  Bridge,
  Config as ConfigFile,
  Container,
  Farm,
  Image,
  Job,
  Proxy as ProxyFile,
  Secret,
  Servers,
  Swarm,
  Update,
  Volume,
} from './file.gen.js';

/** Expands all short forms of a schema-conforming file, and fills in the defaults. */
export function normalize(file: BaleineFile, reading: ParseContext): Sections {
  return {
    name: file.name,
    images: mapEntries(file.images, (raw, name) => imageOf(raw, ['images', name], reading)),
    bridges: mapEntries(file.bridges, (raw, name) => bridgeOf(raw, ['bridges', name], reading)),
    volumes: mapEntries(file.volumes, (raw, name) => volumeOf(raw, ['volumes', name], reading)),
    containers: mapEntries(file.containers, (raw, name) =>
      containerOf(raw, ['containers', name], reading),
    ),
    farms: mapEntries(file.farms, (raw, name) => farmOf(raw, ['farms', name], reading)),
    ...jobsIn(file, reading),
    ...originsIn('secrets', SECRET_KEYS, file.secrets, reading),
    ...originsIn('configs', CONFIG_KEYS, file.configs, reading),
    ...(file.engine === 'swarm' && { engine: file.engine }),
    ...(file.swarm && { swarm: swarmOf(file.swarm, reading) }),
  };
}

function swarmOf(
  { certificates, registry_auth = false, nodes = {}, encrypted = false, ...rest }: Swarm,
  { directoryOf }: ParseContext,
): SwarmOptions {
  return defined({
    ...rest,
    certificates: certificates && resolve(directoryOf(['swarm', 'certificates']), certificates),
    registry_auth,
    nodes,
    encrypted,
  });
}

/** Each key reads whatever the schema accepts for it; otherwise this does not compile. */
type Readers<Raw> = { [N in keyof Raw]?: Pick<Described<Raw[N], unknown>, 'read'> };

KEYS satisfies Readers<Container>;
BRIDGE_KEYS satisfies Readers<NonNullable<Bridge>>;
VOLUME_KEYS satisfies Readers<NonNullable<Volume>>;
IMAGE_KEYS satisfies Readers<Image>;
IMAGE_CONFIG_KEYS satisfies Readers<Image>;
SERVER_KEYS satisfies Readers<Servers>;
PROXY_KEYS satisfies Readers<ProxyFile>;
SECRET_KEYS satisfies Readers<Secret>;
CONFIG_KEYS satisfies Readers<ConfigFile>;
UPDATE_KEYS satisfies Readers<Update>;
JOB_KEYS satisfies Readers<Job>;

type AnyKeys = Readonly<Record<string, Pick<Described<never, unknown>, 'read'>>>;
type Values<All extends AnyKeys> = { [N in keyof All]: ReturnType<All[N]['read']> };

/** The values of these keys, with their defaults. */
function valuesOf<All extends AnyKeys>(
  keys: All,
  raw: object,
  path: Path,
  reading: ParseContext,
): Values<All> {
  const byName = raw as Record<string, never>;
  const values = Object.entries(keys).map(([name, { read }]) => [
    name,
    read(byName[name] as never, [...path, name], reading, raw),
  ]);
  return Object.fromEntries(values) as Values<All>;
}

/** The section, if it has entries. */
function originsIn(
  section: FileSection,
  keys: typeof SECRET_KEYS | typeof CONFIG_KEYS,
  raw: Record<string, object> | null | undefined,
  reading: ParseContext,
): { [S in FileSection]?: Record<string, FileOrigin> } {
  const origins = Object.entries(raw ?? {}).map(([name, each]) => {
    const path = [section, name];
    const values = defined(valuesOf<AnyKeys>(keys as AnyKeys, each, path, reading));
    return [name, originOf(values as Record<string, string>, Object.keys(keys), path, reading)];
  });
  return origins.length > 0 ? { [section]: Object.fromEntries(origins) } : {};
}

/** The section, if it has entries. */
function jobsIn({ jobs }: BaleineFile, reading: ParseContext): { jobs?: Record<string, JobEntry> } {
  const read = mapEntries(jobs, (raw, name) => jobOf(raw, ['jobs', name], reading));
  return Object.keys(read).length > 0 ? { jobs: read } : {};
}

/** Its container ends by itself, and nothing starts it again; its monitor tells when. */
function jobOf(raw: Job, path: Path, reading: ParseContext): JobEntry {
  return {
    ...containerOf(raw, path, reading),
    restart: { name: 'no' },
    heal: 'immediate',
    image_health: { disable: true },
    ...defined(valuesOf(JOB_KEYS, raw, path, reading)),
  };
}

function volumeOf(raw: Volume, path: Path, reading: ParseContext): VolumeEntry {
  if (raw?.external) return externalOf(raw);
  return defined(valuesOf(VOLUME_KEYS, raw ?? {}, path, reading));
}

const externalOf = ({ name }: { name?: string }): External => defined({ external: true, name });

function bridgeOf(raw: Bridge, path: Path, reading: ParseContext): BridgeEntry {
  if (raw?.external) return externalOf(raw);
  return defined(valuesOf(BRIDGE_KEYS, raw ?? {}, path, reading));
}

function imageOf(raw: Image, path: Path, reading: ParseContext): ImageEntry {
  if (raw.external) return { external: true };
  const config = defined(valuesOf(IMAGE_CONFIG_KEYS, raw, path, reading));
  return defined({ ...valuesOf(IMAGE_KEYS, raw, path, reading), config });
}

function containerOf(raw: Container | Job, path: Path, reading: ParseContext): ContainerEntry {
  return defined({
    ...(valuesOf(KEYS, raw, path, reading) as KeyEntries),
    image_health: imageHealthOf(
      'healthcheck' in raw ? raw.healthcheck : undefined,
      [...path, 'healthcheck'],
      reading,
    ),
  });
}

function farmOf({ servers, proxy, update }: Farm, path: Path, reading: ParseContext): FarmEntry {
  const [ofServers, ofProxy] = [
    [...path, 'servers'],
    [...path, 'proxy'],
  ];
  return {
    servers: {
      ...containerOf(servers, ofServers, reading),
      ...valuesOf(SERVER_KEYS, servers, ofServers, reading),
    },
    proxy: {
      ...containerOf(proxy, ofProxy, reading),
      ...defined(valuesOf(PROXY_KEYS, proxy, ofProxy, reading)),
    },
    update: valuesOf(UPDATE_KEYS, update ?? {}, [...path, 'update'], reading),
  };
}
