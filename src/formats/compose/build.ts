import { resolve } from 'node:path';
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
import { pairsOf } from '../project/merge.js';
import {
  type Fields,
  noEffect,
  type Rows,
  refused,
  type Translation,
  translated,
  translateKeys,
} from './rows.js';
import { nameFrom } from './values.js';

const into = (name: string) =>
  translated(`\`from.dockerfile.${name}\``, (value) => ({ [name]: value }));

/** Keys below `build`. */
export const BUILD_ROWS: Rows = {
  'build.context': translated('`from.dockerfile.context`'),
  'build.dockerfile': translated('`from.dockerfile.file`', (value) => ({ file: value })),
  'build.dockerfile_inline': into('inline'),
  'build.args': translated('`from.dockerfile.args`', (value, to) => ({ args: argsOf(value, to) })),
  'build.target': into('target'),
  'build.labels': into('labels'),
  'build.extra_hosts': translated('`from.dockerfile.extra_hosts`', (value) => ({
    extra_hosts: itemsOf(value) ? value : sequence(value, hostLines(value)),
  })),
  'build.shm_size': noEffect('the RUN lines of a build have the /dev/shm of the host'),
  'build.ssh': refused('builds get no keys', 'clone into the build context first'),
  'build.secrets': refused('builds get no secrets', 'fetch what needs them into the build context'),
  ...Object.fromEntries(
    ['source', 'target', 'uid', 'gid', 'mode'].map((key) => [
      `build.secrets.${key}`,
      noEffect('secrets of builds are refused'),
    ]),
  ),
  'build.cache_from': refused('builds have no cache', 'remove it'),
  'build.cache_to': refused('builds have no cache', 'remove it'),
  'build.no_cache': noEffect('builds have no cache'),
  'build.pull': noEffect('each build asks the registry for its base images'),
  'build.platforms': translated(
    '`from.dockerfile.platform`, if it is `wasi/wasm`; another is refused',
    (value, { loading }) => {
      const [only, ...others] = itemsOf(value) ?? [];
      if (only && others.length === 0 && isModule(only)) return { platform: only };
      loading.problems.of(value, 'builds are for the architecture of this host', 'remove it');
      return {};
    },
  ),
  'build.network': translated('`from.dockerfile.network`: `none`, else `host`', networkOf),
  'build.additional_contexts': translated('`from.dockerfile.additional_contexts`', (value) => ({
    additional_contexts: contextsOf(value),
  })),
  'build.ulimits': into('ulimits'),
  'build.ulimits.soft': translated('`from.dockerfile.ulimits`'),
  'build.ulimits.hard': translated('`from.dockerfile.ulimits`'),
  'build.isolation': noEffect('it concerns Windows containers'),
  'build.tags': noEffect('an image has one name here'),
  'build.entitlements': noEffect('there is no BuildKit'),
  'build.provenance': noEffect('there is no BuildKit'),
  'build.sbom': noEffect('there is no BuildKit'),
  'build.privileged': refused('a build has no rights on the host', 'remove it'),
};

export const IMAGE_ROWS: Rows = {
  image: translated(
    'an image with `from.registry`; with `build`, the `reference` of what is built',
  ),
  build: translated('an image with `from.dockerfile`'),
  ...BUILD_ROWS,
  pull_policy: translated('`pull` of the image'),
  pull_refresh_after: noEffect('`pull: always` asks at every plan'),
  platform: translated(
    '`platform`; `wasi/wasm` is that of the image, for a container with `wasm`',
    (value, { entry }) => {
      if (!isModule(value)) return textOf(value) === '' ? {} : { platform: value };
      // a runtime says more
      return below(entry, 'runtime') ? {} : { wasm: scalar(value, true) };
    },
  ),
};

/** Whether a platform is that of WebAssembly modules. */
const isModule = (platform: Entry) => /^wasi\/wasm(32)?$/.test(textOf(platform) ?? '');

/** The `platform` of a service whose image is a WebAssembly module. */
function modulePlatform(service: Entry): Entry | undefined {
  const platform = below(service, 'platform');
  return platform && isModule(platform) ? platform : undefined;
}

/** `NAME:ADDRESS` for each address of a mapping. */
const hostLines = (value: Entry): Entry[] =>
  fieldsOf(value).flatMap(([name, each]) =>
    (itemsOf(each) ?? [each]).map((address) => scalar(address, `${name}:${textOf(address)}`)),
  );

function networkOf(value: Entry, { loading }: Translation): Fields {
  const name = textOf(value) ?? '';
  if (name === 'none' || name === 'host') return { network: value };
  if (name !== 'default') {
    const hint = 'what there is: host, none';
    loading.problems.of(value, `a build cannot join the network ${JSON.stringify(name)}`, hint);
  }
  return {};
}

/** One without a value is taken from the shell or `.env`; if it is not there, it is not set. */
function argsOf(value: Entry, { loading }: Translation): Entry {
  const pairs = pairsOf(value);
  const present = fieldsOf(pairs).flatMap(([name, each]) => {
    const own = isNull(each) ? loading.lookUp(name) : undefined;
    if (isNull(each) && own === undefined) return [];
    return [[name, own === undefined ? each : scalar(each, own)] as const];
  });
  return mapping(value, present);
}

/** A mapping, or a list of NAME=FOLDER. */
function contextsOf(value: Entry): Entry {
  const items = itemsOf(value);
  if (!items) return value;
  const fields = items.map((item) => {
    const [, name = '', folder = ''] = /^([^=]*)=?(.*)$/s.exec(textOf(item) ?? '') ?? [];
    return [name, scalar(item, folder)] as const;
  });
  return mapping(value, fields);
}

const POLICIES: Readonly<Record<string, string | undefined>> = {
  always: 'always',
  never: 'never',
  missing: 'missing',
  if_not_present: 'missing',
  build: undefined,
};

/** Declares the image of a service; returns its name. */
export function imageOf(service: Entry, to: Translation): Entry | undefined {
  const { name, resources, loading } = to;
  const [image, build] = [below(service, 'image'), below(service, 'build')];
  const extra = below(service, 'x-baleine', 'image');
  if (extra && !mappingOf(extra)) {
    // one that was made here, by another stack or by a command
    const external = mapping(extra, [['external', scalar(extra, true)]]);
    resources.images.set(textOf(extra) ?? '', external);
    return extra;
  }
  const size = extra && below(extra, 'size');
  if (build) {
    const named = image && textOf(image) ? image : undefined;
    resources.images.set(name, builtImage(service, build, { size, named }, to));
    return scalar(build, name);
  }
  const reference = image && textOf(image);
  if (!image || !reference) {
    loading.problems.of(service, `service ${name} has neither an image nor a build`, 'add image:');
    return undefined;
  }
  const platform = modulePlatform(service);
  const registry = scalar(image, reference);
  const source = platform
    ? mapping(image, [
        ['reference', registry],
        ['platform', platform],
      ])
    : registry;
  // the same reference may name an image for each platform
  const full = platform ? `${reference}-wasm` : reference;
  const own = nameFrom(full.replace(/@sha256:([0-9a-f]{12})[0-9a-f]*/, '-$1'), digest(full, 8));
  resources.images.set(
    own,
    mapping(image, [
      ['from', mapping(image, [['registry', source]])],
      ['size', size],
      ['pull', policyOf(service)],
    ]),
  );
  return scalar(image, own);
}

function policyOf(service: Entry): Entry | undefined {
  const policy = below(service, 'pull_policy');
  const text = policy && textOf(policy);
  if (!policy || text === undefined) return undefined;
  // daily, weekly, every_12h
  const value = Object.hasOwn(POLICIES, text) ? POLICIES[text] : 'always';
  return value === undefined ? undefined : scalar(policy, value);
}

/** A remote context: `https://…`, `git@…`, `name:tag` is none. */
const REMOTE = /^([a-z+]+:\/\/|git@|github\.com\/)/;

function builtImage(
  service: Entry,
  build: Entry,
  { size, named }: Record<'size' | 'named', Entry | undefined>,
  to: Translation,
): Entry {
  const { problems } = to.loading;
  const context = mappingOf(build) ? (below(build, 'context') ?? scalar(build, '.')) : build;
  if (REMOTE.test(textOf(context) ?? '')) {
    problems.of(context, 'a build needs a folder of this host', 'clone the repository first');
  }
  const fields: Fields = mappingOf(build) ? translateKeys(build, BUILD_ROWS, to, 'build.') : {};
  const dockerfile = mapping(build, [
    ['context', context],
    ...Object.entries({ platform: modulePlatform(service), ...fields }),
  ]);
  return mapping(build, [
    ['from', mapping(build, [['dockerfile', dockerfile]])],
    ['size', size],
    ['reference', named],
  ]);
}

/** The absolute path of a service's build context, for `watch`. */
export function contextOf(service: Entry): string | undefined {
  const build = below(service, 'build');
  const context = build && (mappingOf(build) ? below(build, 'context') : build);
  return build && resolve(build.source.directory, (context && textOf(context)) ?? '.');
}
