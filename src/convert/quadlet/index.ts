import { quote } from 'shlex';
import type { Path } from '../../config/document.js';
import type { ContainerEntry, FarmEntry, FileOrigin, JobEntry } from '../../model/config.js';
import { PROXY_CONFIG, proxyOf } from '../proxy.js';
import { covered, lost, type Rows, translate } from '../rows.js';
import {
  type Converted,
  type ConvertInput,
  contentOf,
  idsOf,
  type JobKeys,
  jobKeys,
  type OutputFile,
  Stack,
} from '../stack.js';
import { writeContainer } from './container.js';
import { nameIn } from './draft.js';
import { networkOf, volumeOf } from './resources.js';
import { calendarOf } from './timer.js';
import { raw, Unit } from './unit.js';

/**
 * Units of Quadlet, as Podman 5.4 reads them. A farm is its servers, one unit each, and its HAProxy, which
 * asks the name server of their networks for them.
 */
export function toQuadlet(input: ConvertInput): Converted {
  return new Writer(new Stack(input)).write();
}

class Writer {
  readonly #files: OutputFile[] = [];
  readonly #images = new Set<string>();
  readonly #configs: Record<string, string> = {};
  /** The names of the units of each service. */
  readonly #units = new Map<string, string[]>();
  /** Services that another one waits for, with what it waits for. */
  readonly #awaited = new Map<string, Set<string>>();

  constructor(private readonly stack: Stack) {}

  write(): Converted {
    const { config, losses } = this.stack;
    this.#origins();
    const { containers, farms } = config;
    for (const [name, { replicas = 1 }] of Object.entries(containers))
      this.#units.set(name, numbered(name, replicas));
    for (const [name, { servers }] of Object.entries(farms)) {
      this.#units.set(`${name}-server`, farmServers(name, servers));
      this.#units.set(`${name}-proxy`, [`${name}-proxy`]);
    }
    const entries = [
      ...Object.values(containers),
      ...Object.values(farms).flatMap(({ servers, proxy }) => [servers, proxy]),
    ];
    for (const { depends_on } of entries) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        this.#awaited.set(name, (this.#awaited.get(name) ?? new Set()).add(condition));
      }
    }
    for (const [name, entry] of Object.entries(containers)) {
      for (const each of this.#units.get(name) ?? []) {
        this.#add(`${each}.container`, this.#service(name, each, entry, ['containers', name]));
      }
    }
    for (const [name, farm] of Object.entries(farms)) this.#farm(name, farm);
    for (const [name, job] of Object.entries(config.jobs ?? {})) this.#job(name, job);
    for (const [name, bridge] of Object.entries(config.bridges)) {
      this.#add(`${name}.network`, networkOf(name, bridge, this.stack));
    }
    for (const [name, volume] of Object.entries(config.volumes)) {
      this.#add(`${name}.volume`, volumeOf(name, volume, this.stack));
    }
    this.stack.images({ pull: covered });
    return { files: this.#files, ...losses.texts() };
  }

  #add(name: string, unit: Unit): void {
    this.#files.push({ name: nameIn(this.stack, name), text: unit.text() });
  }

  /** A unit with the keys of a container. */
  #unit(
    service: string,
    name: string,
    entry: ContainerEntry,
    path: Path,
    aliases: readonly string[] = [],
  ): Unit {
    const unit = new Unit();
    unit.add('Container', 'Image', this.#image(entry, path));
    const draft = {
      unit,
      stack: this.stack,
      name,
      ids: idsOf(entry.user),
      aliases: [...new Set([name, service, ...aliases])],
      configs: this.#configs,
      unitsOf: (other: string) => this.#units.get(other) ?? [],
    };
    writeContainer(draft, entry, path);
    const policy = this.#pull(entry.image);
    if (policy && policy !== 'always') unit.add('Container', 'Pull', policy);
    return unit;
  }

  /** The unit of a container that is there from boot on. */
  #service(
    service: string,
    name: string,
    entry: ContainerEntry,
    path: Path,
    aliases?: string[],
  ): Unit {
    const unit = this.#unit(service, name, entry, path, aliases);
    const conditions = this.#awaited.get(service) ?? new Set();
    const isChecked = entry.healthcheck === undefined || 'exec' in entry.healthcheck;
    const isAwaited = conditions.has('service_completed_successfully');
    if (isAwaited) {
      // has started when it has ended
      unit.add('Service', 'Type', 'oneshot');
      unit.add('Service', 'RemainAfterExit', 'yes');
    } else if (conditions.has('service_healthy') && isChecked) {
      unit.add('Container', 'Notify', 'healthy');
    } else if (conditions.has('service_healthy')) {
      this.stack.losses.note(path, `what depends on ${service} starts as soon as that has started`);
    }
    // a pull takes its time
    unit.add('Service', 'TimeoutStartSec', isAwaited ? 'infinity' : '900s');
    unit.add('Install', 'WantedBy', 'multi-user.target default.target');
    return unit;
  }

  #farm(name: string, farm: FarmEntry): void {
    const { stack } = this;
    const path = ['farms', name];
    const names = farmServers(name, farm.servers);
    for (const each of names) {
      const unit = this.#service(`${name}-server`, each, farm.servers, [...path, 'servers']);
      this.#add(`${each}.container`, unit);
    }
    translate(farm.update, UPDATE, undefined, [...path, 'update'], stack.losses);
    const servers = names.map((each) => ({ name: each, host: each }));
    const { entry, text, certificate } = proxyOf(name, farm, { port: farm.servers.port, servers });
    const unit = this.#service(`${name}-proxy`, `${name}-proxy`, entry, [...path, 'proxy'], [name]);
    const file = this.#generated(`${name}-proxy-haproxy.cfg`, text);
    unit.add('Container', 'Volume', `${file}:${PROXY_CONFIG}:ro`);
    for (const [target, source] of Object.entries(certificate)) {
      const mount = raw(`${source}:${target}:ro`);
      if (mount === undefined)
        stack.losses.lose([...path, 'proxy', 'tls'], `a unit file cannot say ${source}`);
      else unit.add('Container', 'Volume', mount);
    }
    this.#add(`${name}-proxy.container`, unit);
  }

  #job(name: string, job: JobEntry): void {
    const { losses } = this.stack;
    const path = ['jobs', name];
    const calendar = calendarOf(job.schedule, job.timezone);
    if (!calendar) {
      losses.lose([...path, 'schedule'], `a timer has no ${job.schedule}`);
      return;
    }
    const unit = this.#unit(name, name, job, path);
    unit.add('Service', 'Type', 'oneshot');
    translate(jobKeys(job), JOB, unit, path, losses);
    this.#add(`${name}.container`, unit);
    const timer = new Unit();
    timer.add('Unit', 'Description', nameIn(this.stack, name));
    timer.add('Timer', 'OnCalendar', ...calendar);
    // a missed time is made up for
    timer.add('Timer', 'Persistent', 'true');
    timer.add('Install', 'WantedBy', 'timers.target');
    this.#add(`${name}.timer`, timer);
    const file = `${nameIn(this.stack, name)}.timer`;
    losses.note(path, `${file} belongs into /etc/systemd/system: systemctl enable --now ${file}`);
  }

  #pull(image: string) {
    const found = this.stack.config.images[image];
    return found?.external ? undefined : found?.pull;
  }

  /** With `pull: always` a unit of its own, which pulls before each start. */
  #image(entry: ContainerEntry, path: Path): string {
    const { image } = entry;
    const reference = this.stack.image(image, [...path, 'image']);
    if (this.#pull(image) !== 'always') return raw(reference) ?? reference;
    if (!this.#images.has(image)) {
      this.#images.add(image);
      const unit = new Unit();
      unit.add('Image', 'Image', raw(reference) ?? reference);
      this.#add(`${image}.image`, unit);
    }
    return `${nameIn(this.stack, image)}.image`;
  }

  /** A file beside the units. @returns its path, relative to them */
  #generated(name: string, text: string): string {
    const file = `configs/${nameIn(this.stack, name)}`;
    this.#files.push({ name: file, text });
    return `./${file}`;
  }

  /** Secrets are made by a command; configs are files. */
  #origins(): void {
    const { config, losses } = this.stack;
    for (const [key, origin] of Object.entries(config.secrets ?? {})) {
      const create = `podman secret create ${nameIn(this.stack, key)}`;
      const name = `${key} must be created first`;
      const how =
        'file' in origin ? `${create} ${quote(origin.file)}` : `${printed(origin)} | ${create} -`;
      losses.note(['secrets', key], `${name}: ${how}`);
    }
    for (const [key, origin] of Object.entries(config.configs ?? {})) {
      if ('content' in origin) this.#configs[key] = this.#generated(key, origin.content);
      else if ('file' in origin) this.#configs[key] = origin.file;
      else {
        const file = `configs/${nameIn(this.stack, key)}`;
        this.#configs[key] = `./${file}`;
        losses.note(['configs', key], `${key} must be written first: ${printed(origin)} >${file}`);
      }
    }
  }
}

const printed = (origin: Exclude<FileOrigin, { file: string }>) =>
  'content' in origin ? '' : contentOf(origin);

const numbered = (name: string, replicas: number) =>
  replicas === 1 ? [name] : Array.from({ length: replicas }, (_, index) => `${name}-${index + 1}`);

const farmServers = (name: string, { replicas = 1 }: ContainerEntry) =>
  Array.from({ length: replicas }, (_, index) => `${name}-server-${index + 1}`);

const ONE_BY_ONE = 'restart one unit after the other';

const UPDATE: Rows<FarmEntry['update'], unknown> = {
  order: lost(ONE_BY_ONE),
  parallelism: lost(ONE_BY_ONE),
  drain: lost('a server has its stop_grace_period for requests in flight'),
  monitor: lost(ONE_BY_ONE),
  failure_action: lost(ONE_BY_ONE),
};

const JOB: Rows<JobKeys, Unit> = {
  schedule: covered,
  timezone: covered,
  timeout: (value, unit) => unit.add('Service', 'TimeoutStartSec', `${Math.ceil(value / 1000)}s`),
  retries: (value, _unit, at, losses) =>
    value > 0 && losses.lose(at, 'a run that failed is tried again at its next time'),
  // a timer starts nothing that is running
  concurrency: (value, _unit, at, losses) =>
    value === 'replace' && losses.lose(at, 'a run that goes on is waited for'),
  keep_logs: lost('the journal has its own limits'),
};
