import type { Path } from '../../config/document.js';
import type { BridgeSource, FarmEntry, JobEntry, VolumeSource } from '../../model/config.js';
import { digest } from '../../model/json.js';
import { PROXY_CONFIG, proxyOf, serversOf } from '../proxy.js';
import { covered, lost, lostEvenFalse, type Rows, translate, unlessAuto } from '../rows.js';
import { type Converted, type ConvertInput, contentOf, type OutputFile, Stack } from '../stack.js';
import { yamlOf } from '../yaml.js';
import { type Reference, type Service, serviceOf, updateConfig } from './service.js';

/** The name server of every task (Docker's embedded one). */
const NAMESERVER = '127.0.0.11:53';

export const STACK_FILE = 'stack.yaml';

/**
 * A stack file for `docker stack deploy`, and the files that it refers to. A farm is a service of
 * servers and one of its HAProxy, which asks Swarm's name server for the servers.
 */
export function toSwarm(input: ConvertInput): Converted {
  return new Writer(new Stack(input)).write();
}

interface Source {
  file?: string;
  external?: true;
  name?: string;
}

class Writer {
  readonly #services: Record<string, Service> = {};
  readonly #secrets: Record<string, Source> = {};
  readonly #configs: Record<string, Source> = {};
  readonly #files: OutputFile[] = [];

  constructor(private readonly stack: Stack) {}

  write(): Converted {
    const { config, losses } = this.stack;
    for (const [name, entry] of Object.entries(config.containers)) {
      this.#services[name] = serviceOf(entry, ['containers', name], this.stack);
    }
    for (const [name, farm] of Object.entries(config.farms)) this.#farm(name, farm);
    for (const [name, job] of Object.entries(config.jobs ?? {})) this.#job(name, job);
    this.#origins('secrets', this.#secrets);
    this.#origins('configs', this.#configs);
    this.stack.images({ pull: lost('a node pulls an image that it does not have') });
    const stack = {
      version: '3.9',
      services: this.#services,
      networks: this.#networks(),
      volumes: this.#volumes(),
      secrets: this.#secrets,
      configs: this.#configs,
    };
    const filled = Object.entries(stack).filter(([, each]) => Object.keys(each).length > 0);
    // docker stack deploy replaces variables, as Compose does
    const text = yamlOf(Object.fromEntries(filled), (each) => each.replaceAll('$', '$$$$'));
    return { files: [{ name: STACK_FILE, text }, ...this.#files], ...losses.texts() };
  }

  #farm(name: string, farm: FarmEntry): void {
    const { stack } = this;
    const path = ['farms', name];
    const servers = this.#free(`${name}-server`);
    const template = { name: `${servers}-`, host: `tasks.${servers}`, count: serversOf(farm) };
    const discovery = { port: farm.servers.port, servers: [template], nameserver: NAMESERVER };
    const { entry, text, certificate } = proxyOf(name, farm, discovery);
    const made = serviceOf(farm.servers, [...path, 'servers'], stack);
    const update = updateConfig(farm.update, [...path, 'update'], stack.losses);
    this.#services[servers] = { ...made, deploy: { ...made.deploy, update_config: update } };
    const proxy = serviceOf(entry, [...path, 'proxy'], stack);
    const source = this.#generated(`${name}-proxy`, 'haproxy.cfg', text);
    proxy.configs = [...(proxy.configs ?? []), { source, target: PROXY_CONFIG, mode: 0o444 }];
    for (const [target, file] of Object.entries(certificate)) {
      const key = `${name}-proxy-${target.endsWith('.key') ? 'key' : 'tls'}`;
      this.#secrets[key] = { file: stack.path(file) };
      const secret: Reference = { source: key, target, mode: 0o400 };
      proxy.secrets = [...(proxy.secrets ?? []), secret];
    }
    this.#services[`${name}-proxy`] = proxy;
  }

  /** A name that no container has. */
  #free(name: string): string {
    return name in this.stack.config.containers ? this.#free(`${name}s`) : name;
  }

  /** A config from a text. Configs never change: another text is one with another name. */
  #generated(key: string, file: string, text: string): string {
    const { config } = this.stack;
    const name = `configs/${key}-${file}`;
    this.#files.push({ name, text });
    this.#configs[key] = {
      file: `./${name}`,
      name: `${config.name}-${key}-${digest(text).slice(0, 8)}`,
    };
    return key;
  }

  #origins(section: 'secrets' | 'configs', into: Record<string, Source>): void {
    const { config, losses } = this.stack;
    for (const [key, origin] of Object.entries(config[section] ?? {})) {
      if ('content' in origin) this.#generated(key, 'content', origin.content);
      else if ('file' in origin) into[key] = { file: this.stack.path(origin.file) };
      else {
        const name = `${config.name}-${key}`;
        into[key] = { external: true, name };
        const create = `docker ${section.slice(0, -1)} create ${name} -`;
        losses.note(
          [section, key],
          `${key} must be created first: ${contentOf(origin)} | ${create}`,
        );
      }
    }
  }

  #job(name: string, job: JobEntry): void {
    const { losses } = this.stack;
    losses.lose(
      ['jobs', name],
      `Swarm has no schedule (${job.schedule}): let the host's cron run docker service`,
    );
  }

  #networks(): Record<string, object> {
    return Object.fromEntries(
      Object.entries(this.stack.config.bridges).map(([name, bridge]) => {
        if (bridge.external) return [name, { external: true, name: bridge.name ?? name }];
        const { external: _, lease: _lease, ...entry } = bridge;
        const made = { driver: 'overlay' };
        const path = ['bridges', name];
        translate(entry, BRIDGE, made, path, this.stack.losses);
        if (!bridge.egress && !bridge.isolated) this.stack.losses.note(path, OPEN(name));
        return [name, made];
      }),
    );
  }

  #volumes(): Record<string, object> {
    const { config, losses } = this.stack;
    return Object.fromEntries(
      Object.entries(config.volumes).map(([name, volume]) => {
        const path: Path = ['volumes', name];
        losses.note(
          path,
          `volume ${name} is one for each node: what it holds does not follow a task`,
        );
        if (volume.external) return [name, { external: true, name: volume.name ?? name }];
        const { external: _, ...entry } = volume;
        const made = {};
        translate(entry, VOLUME, made, path, losses);
        return [name, made];
      }),
    );
  }
}

const OPEN = (name: string) =>
  `bridge ${name} has no way out here, and an overlay network has one unless it is isolated`;

interface Network {
  [key: string]: unknown;
}

const NODES = 'Swarm wires its nodes itself';

const BRIDGE: Rows<Omit<BridgeSource, 'external' | 'lease'>, Network> = {
  subnet: (value, made) => {
    if (value !== 'auto') made.ipam = { config: [{ subnet: value }] };
  },
  host: unlessAuto('the nodes have no address on an overlay network'),
  subnet6: lost('an overlay network has IPv4 addresses'),
  host6: unlessAuto('an overlay network has IPv4 addresses'),
  isolated: (value, made) => {
    if (value) made.internal = true;
  },
  uplink: lost(NODES),
  gateway: lost(NODES),
  gateway6: lost(NODES),
  dns: (value, _made, at, losses) =>
    value !== true && losses.lose(at, 'Swarm has its own name server'),
  range: lost(NODES),
  egress: (value, _made, at, losses) =>
    typeof value === 'object' &&
    losses.lose(at, 'a way out has no rules: everything can be reached'),
  members: lost('services on a network reach each other'),
  port_security: lostEvenFalse(NODES),
  protect: lost('nothing there is protected from its removal'),
};

const VOLUME: Rows<Omit<VolumeSource, 'external'>, Network> = {
  size: lost('a local volume has no quota'),
  owner: lost('a new volume has the owner that the folder has in the image'),
  mode: lost('a new volume has the mode that the folder has in the image'),
  labels: (value, made) => {
    made.labels = value;
  },
  snapshots: lost('there are no snapshots'),
  backup: lost('there are no backups'),
  snapshot_on_change: lost('there are no snapshots'),
  protect: covered,
};
