import type { Entry } from '../../../config/document.js';
import {
  below,
  changed,
  fieldsOf,
  itemsOf,
  mapping,
  scalar,
  sequence,
  textOf,
} from '../../entries.js';
import { PROXY_IMAGE } from '../farms.js';
import { isTrue } from '../values.js';
import type { Losses } from './losses.js';
import {
  buildOf,
  containerdRuntime,
  hooks,
  inheritsSockets,
  logging,
  mounts,
  ports,
  shellWords,
} from './values.js';

type Fields = [string, Entry | undefined][];

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

/** Containers and farms as services. */
export class Services {
  /** Images that services say. */
  readonly images = new Set<string>();

  constructor(
    private readonly root: Entry,
    private readonly losses: Losses,
  ) {}

  /** A container, or the servers of a farm. */
  service(name: string, container: Entry): Entry {
    const own: Fields = [];
    const extra = new Map<string, Entry>();
    const keep = (key: string, value: Entry) =>
      this.losses.keep(value, `${name}.${key}`, () => extra.set(key, value));
    for (const [key, value] of fieldsOf(container)) {
      if (SAME.has(key)) own.push([key, value]);
      else if (key === 'image') own.push(...this.image(value, extra));
      else if (key === 'entrypoint' || key === 'command') own.push([key, shellWords(value)]);
      else if (key === 'post_start' || key === 'pre_stop') own.push([key, hooks(value)]);
      else if (key === 'bridges') own.push(...this.attachments(value));
      else if (key === 'network_mode') own.push(['network_mode', value]);
      else if (key === 'volumes') own.push(['volumes', mounts(value)]);
      else if (key === 'publish' && !inheritsSockets(value)) own.push(['ports', ports(value)]);
      else if (key === 'replicas') own.push(['deploy', mapping(value, [['replicas', value]])]);
      else if (key === 'limits') own.push(...this.limits(name, value, extra));
      else if (key === 'healthcheck') own.push(...this.health(name, value, extra));
      else if (key === 'depends_on') own.push(...this.dependencies(name, value, extra));
      else if (key === 'wasm' && containerdRuntime(value)) {
        own.push(['runtime', containerdRuntime(value)]);
      } else if (key === 'logs') own.push(['logging', logging(value)]);
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
    const registry = below(declared, 'from', 'registry');
    const [reference, dockerfile, size, pull] = [
      below(registry, 'reference') ?? registry,
      below(declared, 'from', 'dockerfile'),
      below(declared, 'size'),
      below(declared, 'pull'),
    ];
    const others = fieldsOf(declared).some(([key]) => !['from', 'size', 'pull'].includes(key));
    if (others || (!reference && !dockerfile)) {
      extra.set('image', value);
      return [];
    }
    this.images.add(name);
    if (size) extra.set('image', mapping(size, [['size', size]]));
    const policy: Fields = [
      ['pull_policy', pull],
      ['platform', below(registry ?? dockerfile, 'platform')],
    ];
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
        ['ipv6_address', below(each, 'address6')],
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
      } else this.losses.keep(each, `${name}.limits.${key}`, () => rest.push([key, each]));
    }
    if (rest.length > 0) extra.set('limits', mapping(value, rest));
    return own;
  }

  private health(name: string, value: Entry, extra: Map<string, Entry>): Fields {
    const exec = below(value, 'exec');
    const action = below(value, 'on_failure');
    if (below(value, 'tcp') ?? below(value, 'http')) {
      this.losses.keep(value, `${name}.healthcheck`, () => extra.set('healthcheck', value));
      return [];
    }
    if (action) {
      const put = () => extra.set('healthcheck', mapping(action, [['on_failure', action]]));
      this.losses.keep(action, `${name}.healthcheck.on_failure`, put);
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
      this.losses.keep(value, `${name}.depends_on`, () => extra.set('depends_on', rest));
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

  /** Undefined for one that is no service with replicas and a published port. */
  farm(name: string, farm: Entry): Entry | undefined {
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
      if (key === 'drain') this.losses.lose(each, `${name}.update.drain`);
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
      this.losses.keep(proxy, `${name}.proxy`, () => own.set('farm', mapping(proxy, extra)));
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
}
