import { basename } from 'node:path';
import type { Entry } from '../../config/document.js';
import { dataOf } from '../../config/document.js';
import { explain, report } from '../baleine/explain.js';
import { type Prepared, profilesOf, type StackOptions } from '../baleine/prepare.js';
import {
  below,
  changed,
  fieldsOf,
  isNull,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  textOf,
} from '../entries.js';
import type { Loading } from '../project/loading.js';
import { withoutTwins } from '../project/merge.js';
import { resolveService, withActive } from '../project/services.js';
import type { Warnings } from '../project/warnings.js';
import { replicasOf } from './deploy.js';
import { DOCKER_DNS, dockerDnsIn } from './docker-dns.js';
import { farmOf, spreads } from './farms.js';
import { CONFIG_ROWS, fileOf, SECRET_ROWS } from './files.js';
import { boundFolder, VOLUME_ROWS } from './mounts.js';
import { bridgeOf, DEFAULT_NETWORK } from './networks.js';
import { type Resources, type Rows, type Translation, translateKeys } from './rows.js';
import { containerOf } from './service.js';
import validate from './validate.gen.mjs';

/**
 * Translates a merged compose file into a baleine.yaml, whose values have their places in the compose
 * file. Whatever cannot be said is an error, or a warning if it is harmless.
 */
export function translate(
  given: Entry,
  options: StackOptions,
  loading: Loading,
  warnings: Warnings,
): Prepared {
  const { directory } = options;
  const { problems } = loading;
  const root = withoutRepetition(given, warnings);
  problems.root = root;
  if (!validate(dataOf(root.node))) report(explain(validate.errors ?? []), problems);
  problems.throwIfAny();
  const { section, inactive } = withActive(
    below(root, 'services') ?? scalar(root, null),
    () => profilesOf(options, loading),
    options,
  );
  const services = fieldsOf(section).map(
    ([name, each]) => [name, resolveService(each, loading)] as const,
  );
  const active = changed(root, { services: mapping(section, services) });
  const stack = new Stack(active, new Set(inactive), loading, warnings);
  const translated = stack.translate(nameOf(root, options, loading));
  problems.reword = inComposeWords;
  return { root: translated, inactive, directory };
}

/** Repeated entries of lists in services are no error in Compose. */
function withoutRepetition(root: Entry, warnings: Warnings): Entry {
  const section = below(root, 'services');
  if (!section || !mappingOf(section)) return root;
  const services = fieldsOf(section).map(([name, each]) => {
    const report = ({ at, source }: Entry, text: string) => warnings.add({ at, source }, text);
    return [name, mappingOf(each) ? withoutTwins(each, report) : each] as const;
  });
  return changed(root, { services: mapping(section, services) });
}

/** Messages about baleine's keys, in the words of a compose file. */
function inComposeWords(text: string): string {
  return text
    .replace(/\bfarms\.([a-z0-9_-]+)\.(servers|proxy)\b/g, 'services.$1')
    .replace(/\b(containers|farms)\./g, 'services.')
    .replace(/\bbridges\./g, 'networks.')
    .replace(/\bbridges\b/g, 'networks')
    .replace(/\bbridge "/g, 'network "');
}

/** The stack's name: of the command line, the environment, the file, or the folder. */
export function nameOf(root: Entry, { name, directory }: StackOptions, { lookUp }: Loading): Entry {
  const own = below(root, 'name');
  const asked = name ?? lookUp('COMPOSE_PROJECT_NAME');
  if (asked) return scalar(root, asked);
  if (own && !isNull(own)) return own;
  // the characters that Compose removes
  const folder = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '');
  return scalar(root, folder.replace(/^[_-]+/, '') || 'default');
}

class Stack {
  readonly #resources: Resources = { images: new Map(), volumes: new Map() };
  readonly #containers: [string, Entry][] = [];
  readonly #farms: [string, Entry][] = [];
  readonly #aliases: ReadonlyMap<string, string[]>;
  /** Networks of services that ask Docker's name server. */
  readonly #asking = new Set<string>();

  constructor(
    private readonly root: Entry,
    private readonly inactive: ReadonlySet<string>,
    private readonly loading: Loading,
    private readonly warnings: Warnings,
  ) {
    this.#aliases = aliasesIn(root);
  }

  translate(name: Entry): Entry {
    const { root } = this;
    for (const [key, service] of fieldsOf(below(root, 'services'))) this.addService(key, service);
    const models = below(root, 'models');
    if (models) this.loading.problems.of(models, 'models are refused: there is no model runner');
    const section = (entries: Iterable<readonly [string, Entry]>) => {
      const made = mapping(root, entries);
      return fieldsOf(made).length > 0 ? made : undefined;
    };
    const translated = mapping(root, [
      ['name', name],
      ['images', section(this.#resources.images)],
      ['bridges', section(this.bridges())],
      ['volumes', section(this.volumes())],
      ['secrets', section(this.files('secrets', SECRET_ROWS))],
      ['configs', section(this.files('configs', CONFIG_ROWS))],
      ['containers', section(this.#containers)],
      ['farms', section(this.#farms)],
    ]);
    return this.withExtra(translated);
  }

  /** Sections of baleine.yaml in the `x-baleine` of the file: what Compose has no words for. */
  private withExtra(translated: Entry): Entry {
    const extra = fieldsOf(below(this.root, 'x-baleine')).map(([section, entries]) => {
      const own = below(translated, section);
      const isMerged = mappingOf(own) && mappingOf(entries);
      const all = isMerged ? mapping(entries, [...fieldsOf(own), ...fieldsOf(entries)]) : entries;
      return [section, all] as const;
    });
    return changed(translated, Object.fromEntries(extra));
  }

  private translation(name: string, entry: Entry): Translation {
    const { loading, warnings, root } = this;
    return { loading, warnings, name, entry, root, resources: this.#resources };
  }

  private addService(name: string, service: Entry): void {
    const to = this.translation(name, service);
    const aliases = this.#aliases.get(name) ?? [];
    const { container, publish } = containerOf(service, aliases, to);
    this.noteDockerDns(service, container);
    const replicas = replicasOf(service);
    const count = replicas ? Number(textOf(replicas)) : 1;
    const own = changed(container, { depends_on: this.dependenciesOf(service) });
    if (count > 1 && publish && spreads(service)) {
      this.#farms.push([name, farmOf(service, own, publish, replicas as Entry, to)]);
      return;
    }
    const update = below(service, 'deploy', 'update_config');
    if (update) {
      const place = { at: update.key, source: update.source };
      const why = 'it is of services with several replicas and a published port';
      this.warnings.add(place, `deploy.update_config has no effect: ${why}`);
    }
    const several = count === 1 ? {} : { replicas };
    const ports = below(own, 'publish') ?? publish;
    this.#containers.push([name, changed(own, { ...several, publish: ports })]);
  }

  private noteDockerDns(service: Entry, container: Entry): void {
    const places = dockerDnsIn(service, this.root, this.loading);
    for (const each of places) this.warnings.add(each, DOCKER_DNS);
    if (places.length === 0) return;
    for (const [name] of fieldsOf(below(container, 'bridges'))) this.#asking.add(name);
  }

  /** Those on services that are left out are an error, unless they are not required. */
  private dependenciesOf(service: Entry): Entry | undefined {
    const clause = below(service, 'depends_on');
    const links = (itemsOf(below(service, 'links') ?? service) ?? []).map((each) => {
      return [(textOf(each) ?? '').split(':')[0] ?? '', scalar(each, null)] as const;
    });
    const named =
      (clause &&
        itemsOf(clause)?.map((each) => [textOf(each) ?? '', scalar(each, null)] as const)) ??
      fieldsOf(clause);
    const fields = new Map<string, Entry>([...links, ...named]);
    const result: [string, Entry][] = [];
    for (const [name, entry] of fields) {
      const condition = below(entry, 'condition') ?? scalar(entry, 'service_started');
      const isRequired = textOf(below(entry, 'required') ?? scalar(entry, 'true')) !== 'false';
      if (this.inactive.has(name) || !below(this.root, 'services', name)) {
        if (isRequired) this.refuseDependency(name, entry);
        continue;
      }
      const restart = below(entry, 'restart');
      result.push([
        this.containerOf(name),
        mapping(entry, [
          ['condition', condition],
          ['restart', restart],
        ]),
      ]);
    }
    return result.length > 0 ? mapping(clause ?? service, result) : undefined;
  }

  private refuseDependency(name: string, place: Entry): void {
    const { problems } = this.loading;
    const known = this.inactive.has(name);
    const message = known
      ? `service ${name} is left out, as none of its profiles is active`
      : `there is no service "${name}" in this file`;
    problems.of(place, message, known ? 'activate one with --profile' : undefined);
  }

  /** The container that others wait for: of a farm, its proxy. */
  private containerOf(name: string): string {
    const service = below(this.root, 'services', name);
    const replicas = service && replicasOf(service);
    const isFarm = Number((replicas && textOf(replicas)) ?? 1) > 1 && spreads(service);
    return isFarm ? `${name}-proxy` : name;
  }

  private bridges(): Map<string, Entry> {
    const { root } = this;
    const declared = below(root, 'networks');
    const bridges = new Map<string, Entry>();
    for (const [name, network] of fieldsOf(declared)) {
      bridges.set(name, bridgeOf(network, this.translation(name, network)));
    }
    const users = [...this.#containers, ...this.#farms.flatMap(([, farm]) => fieldsOf(farm))];
    const needsDefault = users.some(([, each]) => below(each, 'bridges', DEFAULT_NETWORK));
    if (needsDefault && !bridges.has(DEFAULT_NETWORK)) {
      const place = below(root, 'services') ?? root;
      bridges.set(
        DEFAULT_NETWORK,
        bridgeOf(scalar(place, null), this.translation(DEFAULT_NETWORK, place)),
      );
    }
    return new Map([...bridges].map(([name, each]) => [name, this.withResolver(name, each)]));
  }

  /** One that somebody asks for, unless the network says what it has. */
  private withResolver(name: string, bridge: Entry): Entry {
    const declared = below(this.root, 'networks', name, 'x-baleine', 'dns');
    if (!this.#asking.has(name) || declared || !below(bridge, 'subnet')) return bridge;
    return changed(bridge, { dns: scalar(bridge, true) });
  }

  private files(section: string, rows: Rows): [string, Entry][] {
    return fieldsOf(below(this.root, section)).map(([name, file]) => [
      name,
      fileOf(file, rows, this.translation(name, file)),
    ]);
  }

  private volumes(): Map<string, Entry> {
    const volumes = new Map(this.#resources.volumes);
    for (const [name, volume] of fieldsOf(below(this.root, 'volumes'))) {
      if (!mappingOf(volume)) volumes.set(name, volume);
      else {
        const fields = translateKeys(volume, VOLUME_ROWS, this.translation(name, volume));
        const extra = fieldsOf(below(volume, 'x-baleine'));
        if (boundFolder(volume)) continue;
        volumes.set(name, mapping(volume, [...Object.entries(fields), ...extra]));
      }
    }
    return volumes;
  }
}

/** Other names of services: `container_name`, and those that links of others use. */
function aliasesIn(root: Entry): Map<string, string[]> {
  const aliases = new Map<string, string[]>();
  const add = (service: string, alias: string | undefined) => {
    if (!alias || alias === service) return;
    aliases.set(service, [...(aliases.get(service) ?? []), alias]);
  };
  for (const [name, service] of fieldsOf(below(root, 'services'))) {
    const own = below(service, 'container_name');
    if (own) add(name, textOf(own));
    for (const link of itemsOf(below(service, 'links') ?? service) ?? []) {
      const [other = '', alias] = (textOf(link) ?? '').split(':');
      add(other, alias);
    }
  }
  return aliases;
}
