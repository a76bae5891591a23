import type { Entry } from '../../config/document.js';
import {
  below,
  changed,
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
import type { Warnings } from '../project/warnings.js';
import { PROXY_IMAGE } from './translate.js';
import { isTrue } from './values.js';

type Fields = [string, Entry | undefined][];

/**
 * A merged baleine.yaml as a compose file, the other way of `translate`. What Compose has no words for
 * stays below `x-baleine`, which only baleine reads, and is named in the warnings.
 */
export function composeOf(root: Entry, warnings: Warnings): Entry {
  return new Writer(root, warnings).write();
}

/** Keys of a container that Compose has with the same values. */
const SAME = new Set([
  ...['annotations', 'cap_add', 'cap_drop', 'configs', 'devices', 'dns', 'dns_opt', 'dns_search'],
  ...['domainname', 'environment', 'extra_hosts', 'group_add', 'hostname', 'init', 'ipc', 'labels'],
  ...['oom_score_adj', 'pid', 'platform', 'read_only', 'runtime', 'secrets', 'shm_size'],
  ...[
    'stdin_open',
    'stop_grace_period',
    'stop_signal',
    'sysctls',
    'tmpfs',
    'tty',
    'ulimits',
    'user',
  ],
  'working_dir',
]);

/** Limits, by their names in Compose. */
const LIMITS: Readonly<Record<string, string>> = {
  memory: 'mem_limit',
  memory_reservation: 'mem_reservation',
  memory_swap: 'memswap_limit',
  memory_swappiness: 'mem_swappiness',
  cpus: 'cpus',
  cpu_shares: 'cpu_shares',
  cpuset: 'cpuset',
  pids: 'pids_limit',
};

class Writer {
  /** Images that a service does not say itself. */
  readonly #images = new Map<string, Entry>();
  readonly #farms = new Map<string, Entry>();

  constructor(
    private readonly root: Entry,
    private readonly warnings: Warnings,
  ) {}

  write(): Entry {
    const { root } = this;
    const services: Fields = [];
    for (const [name, each] of fieldsOf(below(root, 'containers'))) {
      services.push([name, this.service(name, each)]);
    }
    for (const [name, each] of fieldsOf(below(root, 'farms'))) {
      const service = this.farm(name, each);
      if (service) services.push([name, service]);
      else this.keep(each, `farms.${name}`, () => this.#farms.set(name, each));
    }
    for (const [name, each] of fieldsOf(below(root, 'images'))) {
      if (this.#said.has(name) || (name === PROXY_IMAGE && services.length > 0)) continue;
      this.keep(each, `images.${name}`, () => this.#images.set(name, each));
    }
    const extra = mapping(root, [
      ['images', this.section(this.#images)],
      ['farms', this.section(this.#farms)],
    ]);
    return mapping(root, [
      ['name', below(root, 'name')],
      ['services', mapping(below(root, 'containers') ?? root, services)],
      ['networks', this.section(this.networks())],
      ['volumes', this.section(this.volumes())],
      ['secrets', this.section(this.files('secrets'))],
      ['configs', this.section(this.files('configs'))],
      ['x-baleine', fieldsOf(extra).length > 0 ? extra : undefined],
    ]);
  }

  /** Images that services say. */
  readonly #said = new Set<string>();

  private section(entries: Iterable<readonly [string, Entry | undefined]>): Entry | undefined {
    const made = mapping(this.root, entries);
    return fieldsOf(made).length > 0 ? made : undefined;
  }

  /** Something that only baleine reads. */
  private keep(entry: Entry, what: string, put: () => void): void {
    const place = { at: entry.key, source: entry.source };
    this.warnings.add(place, `${what} has no word in Compose: it is below x-baleine`);
    put();
  }

  private lose(entry: Entry, what: string): void {
    this.warnings.add({ at: entry.key, source: entry.source }, `${what} is lost`);
  }

  private service(name: string, container: Entry): Entry {
    const own: Fields = [];
    const extra = new Map<string, Entry>();
    const keep = (key: string, value: Entry) =>
      this.keep(value, `${name}.${key}`, () => extra.set(key, value));
    for (const [key, value] of fieldsOf(container)) {
      if (SAME.has(key)) own.push([key, value]);
      else if (key === 'image') own.push(...this.image(value, extra));
      else if (key === 'entrypoint' || key === 'command') own.push([key, shellWords(value)]);
      else if (key === 'post_start' || key === 'pre_stop') own.push([key, hooks(value)]);
      else if (key === 'bridges') own.push(...this.attachments(value));
      else if (key === 'network_mode') own.push(['network_mode', value]);
      else if (key === 'volumes') own.push(['volumes', mounts(value)]);
      else if (key === 'publish') own.push(['ports', ports(value)]);
      else if (key === 'replicas') own.push(['deploy', mapping(value, [['replicas', value]])]);
      else if (key === 'limits') own.push(...this.limits(name, value, extra));
      else if (key === 'healthcheck') own.push(...this.health(name, value, extra));
      else if (key === 'depends_on') own.push(...this.dependencies(name, value, extra));
      else if (key === 'logs') own.push(['logging', logging(value)]);
      else if (key === 'apparmor' || key === 'seccomp') {
        const before = own.find(([each]) => each === 'security_opt')?.[1];
        const option = scalar(value, `${key}=${textOf(value)}`);
        const options = sequence(value, [...((before && itemsOf(before)) ?? []), option]);
        own.splice(0, own.length, ...own.filter(([each]) => each !== 'security_opt'));
        own.push(['security_opt', options]);
      } else if (key !== 'restart') keep(key, value);
    }
    // what Compose does not say is another default there
    own.push(['restart', below(container, 'restart') ?? scalar(container, 'always')]);
    const isAlone = !below(container, 'bridges') && !below(container, 'network_mode');
    if (isAlone) own.push(['network_mode', scalar(container, 'none')]);
    return mapping(container, [
      ...own,
      ['x-baleine', extra.size > 0 ? mapping(container, extra) : undefined],
    ]);
  }

  /** `image` or `build`, where that says all of it; else its name below `x-baleine`. */
  private image(value: Entry, extra: Map<string, Entry>): Fields {
    const name = textOf(value) ?? '';
    const declared = below(this.root, 'images', name);
    const [reference, dockerfile, size, pull] = [
      below(declared, 'from', 'registry'),
      below(declared, 'from', 'dockerfile'),
      below(declared, 'size'),
      below(declared, 'pull'),
    ];
    const others = fieldsOf(declared).some(([key]) => !['from', 'size', 'pull'].includes(key));
    if (others || (!reference && !dockerfile)) {
      extra.set('image', value);
      return [];
    }
    this.#said.add(name);
    if (size) extra.set('image', mapping(size, [['size', size]]));
    const policy: Fields = [['pull_policy', pull]];
    return reference
      ? [['image', reference], ...policy]
      : [['build', buildOf(dockerfile as Entry)], ...policy];
  }

  private attachments(value: Entry): Fields {
    const named =
      itemsOf(value)?.map((each) => [textOf(each) ?? '', scalar(each, null)] as const) ??
      fieldsOf(value);
    if (named.length === 0) return [['network_mode', scalar(value, 'none')]];
    const networks = named.map(([bridge, each]) => {
      const made = mapping(each, [
        ['ipv4_address', below(each, 'address')],
        ['mac_address', below(each, 'mac')],
        ['aliases', below(each, 'aliases')],
      ]);
      return [bridge, fieldsOf(made).length > 0 ? made : scalar(each, null)] as const;
    });
    return [['networks', mapping(value, networks)]];
  }

  private limits(name: string, value: Entry, extra: Map<string, Entry>): Fields {
    const own: Fields = [];
    const rest: [string, Entry][] = [];
    for (const [key, each] of fieldsOf(value)) {
      const word = LIMITS[key];
      const allowed = itemsOf(each)?.map((rule) => below(rule, 'allow'));
      if (word !== undefined) own.push([word, each]);
      else if (key === 'devices' && allowed?.every((rule) => rule !== undefined)) {
        own.push(['device_cgroup_rules', sequence(each, allowed as Entry[])]);
      } else this.keep(each, `${name}.limits.${key}`, () => rest.push([key, each]));
    }
    if (rest.length > 0) extra.set('limits', mapping(value, rest));
    return own;
  }

  private health(name: string, value: Entry, extra: Map<string, Entry>): Fields {
    const exec = below(value, 'exec');
    const action = below(value, 'on_failure');
    if (below(value, 'tcp') ?? below(value, 'http')) {
      this.keep(value, `${name}.healthcheck`, () => extra.set('healthcheck', value));
      return [];
    }
    if (action) {
      const put = () => extra.set('healthcheck', mapping(action, [['on_failure', action]]));
      this.keep(action, `${name}.healthcheck.on_failure`, put);
    }
    const words = exec && itemsOf(shellWords(exec) ?? exec);
    const test = words ? sequence(exec, [scalar(exec, 'CMD'), ...words]) : below(value, 'test');
    const isDisabled = isTrue(below(value, 'disable'));
    return [
      [
        'healthcheck',
        mapping(value, [
          ['test', test],
          ['disable', below(value, 'disable')],
          ...['interval', 'retries', 'start_period', 'start_interval'].map(
            (key) => [key, below(value, key)] as [string, Entry | undefined],
          ),
          // Compose's default is 30s
          [
            'timeout',
            below(value, 'timeout') ?? (test && !isDisabled ? scalar(value, '2s') : undefined),
          ],
        ]),
      ],
    ];
  }

  /** Those on farms that are no services stay below `x-baleine`. */
  private dependencies(name: string, value: Entry, extra: Map<string, Entry>): Fields {
    const named =
      itemsOf(value)?.map((each) => {
        const started = mapping(each, [['condition', scalar(each, 'service_started')]]);
        return [textOf(each) ?? '', started] as const;
      }) ?? fieldsOf(value);
    const [known, others]: Fields[] = [[], []];
    for (const [other, each] of named) {
      const farm = /^(.+)-proxy$/.exec(other)?.[1] ?? '';
      const isService = below(this.root, 'containers', other) !== undefined;
      const isFarm = !isService && below(this.root, 'farms', farm) && this.isService(farm);
      if (isService || isFarm) known?.push([isService ? other : farm, each]);
      else others?.push([other, each]);
    }
    if (others && others.length > 0) {
      const rest = mapping(value, others);
      this.keep(value, `${name}.depends_on`, () => extra.set('depends_on', rest));
    }
    return known && known.length > 0 ? [['depends_on', mapping(value, known)]] : [];
  }

  /** Whether a farm is what `translate` makes of a service with replicas and a published port. */
  private isService(name: string): boolean {
    const farm = below(this.root, 'farms', name);
    const [port, listen, publish, image] = [
      below(farm, 'servers', 'port'),
      below(farm, 'proxy', 'listen'),
      below(farm, 'proxy', 'publish'),
      below(farm, 'proxy', 'image'),
    ].map((each) => each && (textOf(each) ?? '?'));
    return publish !== undefined && port !== undefined && port === listen && image === PROXY_IMAGE;
  }

  private farm(name: string, farm: Entry): Entry | undefined {
    const [servers, proxy, update] = ['servers', 'proxy', 'update'].map((key) => below(farm, key));
    if (!servers || !proxy || !this.isService(name)) return undefined;
    const service = this.service(name, changed(servers, { port: undefined, replicas: undefined }));
    const config =
      update &&
      mapping(update, [
        ...['order', 'parallelism', 'monitor', 'failure_action'].map(
          (key) => [key, below(update, key)] as [string, Entry | undefined],
        ),
      ]);
    for (const [key, each] of fieldsOf(update)) {
      if (key === 'drain') this.lose(each, `${name}.update.drain`);
    }
    const options = fieldsOf(proxy).filter(
      ([key, value]) =>
        !['image', 'bridges', 'listen', 'publish'].includes(key) &&
        !(key === 'mode' && textOf(value) === 'tcp'),
    );
    // of Compose's farms the mode is tcp, and of ours http
    const mode = below(proxy, 'mode') ? [] : [['mode', scalar(proxy, 'http')] as const];
    const extra = [...mode, ...options];
    const own = new Map(fieldsOf(below(service, 'x-baleine')));
    if (extra.length > 0) {
      this.keep(proxy, `${name}.proxy`, () => own.set('farm', mapping(proxy, extra)));
    }
    return changed(service, {
      'x-baleine': own.size > 0 ? mapping(proxy, own) : undefined,
      ports: ports(below(proxy, 'publish') as Entry),
      deploy: mapping(servers, [
        ['replicas', below(servers, 'replicas')],
        ['update_config', config && fieldsOf(config).length > 0 ? config : undefined],
      ]),
    });
  }

  private networks(): [string, Entry][] {
    return fieldsOf(below(this.root, 'bridges')).map(([name, bridge]) => {
      if (below(bridge, 'external')) return [name, bridge];
      const [subnet, host, isolated, egress] = ['subnet', 'host', 'isolated', 'egress'].map((key) =>
        below(bridge, key),
      );
      const isInternal = isTrue(isolated);
      const isAuto = (each: Entry | undefined) => !each || textOf(each) === 'auto';
      const address = mapping(bridge, [
        ['subnet', isAuto(subnet) ? undefined : subnet],
        ['gateway', isAuto(host) ? undefined : host],
      ]);
      const config = mapping(bridge, [['config', sequence(bridge, [address])]]);
      const extra = fieldsOf(bridge).filter(
        ([key]) => !['subnet', 'host', 'isolated', 'egress'].includes(key),
      );
      const hasEgress = egress && textOf(egress) === 'true';
      const own =
        isInternal || hasEgress ? [] : [['egress', egress ?? scalar(bridge, false)] as const];
      const noHost = isInternal || host ? [] : [['host', scalar(bridge, null)] as const];
      for (const [key, each] of extra) this.keep(each, `bridges.${name}.${key}`, () => undefined);
      const rest = [...own, ...noHost, ...extra];
      const made = mapping(bridge, [
        ['internal', isInternal ? scalar(bridge, true) : undefined],
        ['ipam', fieldsOf(address).length > 0 ? config : undefined],
        ['x-baleine', rest.length > 0 ? mapping(bridge, rest) : undefined],
      ]);
      return [name, fieldsOf(made).length > 0 ? made : scalar(bridge, null)];
    });
  }

  private volumes(): [string, Entry][] {
    return fieldsOf(below(this.root, 'volumes')).map(([name, volume]) => {
      const extra = fieldsOf(volume).filter(([key]) => !['external', 'name'].includes(key));
      for (const [key, each] of extra) this.keep(each, `volumes.${name}.${key}`, () => undefined);
      if (extra.length === 0) return [name, volume];
      return [name, mapping(volume, [['x-baleine', mapping(volume, extra)]])];
    });
  }

  private files(section: 'secrets' | 'configs'): [string, Entry][] {
    const known = ['file', 'environment', ...(section === 'configs' ? ['content'] : [])];
    return fieldsOf(below(this.root, section)).map(([name, file]) => {
      const own = fieldsOf(file).filter(([key]) => known.includes(key));
      const extra = fieldsOf(file).filter(([key]) => !known.includes(key));
      for (const [key, each] of extra)
        this.keep(each, `${section}.${name}.${key}`, () => undefined);
      if (extra.length === 0) return [name, file];
      return [name, mapping(file, [...own, ['x-baleine', mapping(file, extra)]])];
    });
  }
}

/** A text is one of /bin/sh here, and of words in Compose. */
function shellWords(value: Entry): Entry | undefined {
  const text = textOf(value);
  if (text === undefined || isNull(value)) return value;
  return sequence(value, [scalar(value, '/bin/sh'), scalar(value, '-c'), scalar(value, text)]);
}

function hooks(value: Entry): Entry {
  const all = (itemsOf(value) ?? []).map((each) => {
    const command = below(each, 'command');
    return command ? changed(each, { command: shellWords(command) }) : each;
  });
  return sequence(value, all);
}

const logging = (value: Entry): Entry =>
  mapping(value, [['options', mapping(value, [['max-size', below(value, 'max_size')]])]]);

/** In the long form: that of Compose in words creates missing folders. */
function mounts(value: Entry): Entry {
  const all = (itemsOf(value) ?? []).map((item) => {
    if (!mappingOf(item)) return mountOf(item, textOf(item) ?? '');
    const isBind = textOf(below(item, 'type') ?? item) === 'bind';
    if (!isBind) return changed(item, { create: undefined });
    const create = below(item, 'create') ?? below(item, 'bind', 'create_host_path');
    return changed(item, { create: undefined, bind: createOf(item, isTrue(create)) });
  });
  return sequence(value, all);
}

const createOf = (place: Entry, create: boolean): Entry =>
  mapping(place, [['create_host_path', scalar(place, create)]]);

function mountOf(item: Entry, text: string): Entry {
  const [source = '', target = '', options = ''] = text.split(':');
  const words = options.split(',');
  const isBind = /^[./]/.test(source);
  const nocopy = mapping(item, [['nocopy', scalar(item, true)]]);
  return mapping(item, [
    ['type', scalar(item, isBind ? 'bind' : 'volume')],
    ['source', scalar(item, source)],
    ['target', scalar(item, target)],
    ['read_only', words.includes('ro') ? scalar(item, true) : undefined],
    ['bind', isBind ? createOf(item, false) : undefined],
    ['volume', words.includes('nocopy') ? nocopy : undefined],
  ]);
}

/** A port of the host is text in the long form of Compose. */
function ports(value: Entry): Entry {
  const all = (itemsOf(value) ?? []).map((item) => {
    const published = below(item, 'published');
    if (!published) return item;
    return changed(item, { published: scalar(published, textOf(published) ?? '') });
  });
  return sequence(value, all);
}

function buildOf(dockerfile: Entry): Entry {
  const renamed: Readonly<Record<string, string>> = {
    file: 'dockerfile',
    inline: 'dockerfile_inline',
  };
  const fields = fieldsOf(dockerfile).map(([key, value]) => {
    return [renamed[key] ?? key, key === 'args' ? pairsOf(value) : value] as const;
  });
  return mapping(dockerfile, fields);
}
