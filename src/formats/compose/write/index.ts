import type { Entry } from '../../../config/document.js';
import { below, fieldsOf, mapping, scalar, sequence, textOf } from '../../entries.js';
import type { Warnings } from '../../project/warnings.js';
import { PROXY_IMAGE } from '../farms.js';
import { isTrue } from '../values.js';
import { Losses } from './losses.js';
import { Services } from './services.js';

type Fields = [string, Entry | undefined][];

/**
 * A merged baleine.yaml as a compose file, the other way of `translate`. What Compose has no words for
 * stays below `x-baleine`, which only baleine reads, and is named in the warnings.
 */
export function composeOf(root: Entry, warnings: Warnings): Entry {
  return new Writer(root, new Losses(warnings)).write();
}

/** Keys of a bridge that Compose can say. */
const KNOWN = ['subnet', 'host', 'range', 'isolated', 'egress', 'subnet6', 'host6'];

class Writer {
  /** Images that a service does not say itself. */
  readonly #images = new Map<string, Entry>();
  readonly #farms = new Map<string, Entry>();
  readonly #services: Services;

  constructor(
    private readonly root: Entry,
    private readonly losses: Losses,
  ) {
    this.#services = new Services(root, losses);
  }

  write(): Entry {
    const { root } = this;
    const services: Fields = [];
    for (const [name, each] of fieldsOf(below(root, 'containers'))) {
      services.push([name, this.#services.service(name, each)]);
    }
    for (const [name, each] of fieldsOf(below(root, 'farms'))) {
      const service = this.#services.farm(name, each);
      if (service) services.push([name, service]);
      else this.losses.keep(each, `farms.${name}`, () => this.#farms.set(name, each));
    }
    for (const [name, each] of fieldsOf(below(root, 'images'))) {
      if (this.#services.images.has(name) || (name === PROXY_IMAGE && services.length > 0))
        continue;
      this.losses.keep(each, `images.${name}`, () => this.#images.set(name, each));
    }
    for (const [name, each] of fieldsOf(below(root, 'jobs'))) {
      this.losses.lose(each, `jobs.${name}`);
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

  private section(entries: Iterable<readonly [string, Entry | undefined]>): Entry | undefined {
    const made = mapping(this.root, entries);
    return fieldsOf(made).length > 0 ? made : undefined;
  }

  private networks(): [string, Entry][] {
    return fieldsOf(below(this.root, 'bridges')).map(([name, bridge]) => {
      if (below(bridge, 'external')) return [name, bridge];
      const [subnet, host, range, isolated, egress, subnet6, host6] = KNOWN.map((key) =>
        below(bridge, key),
      );
      const isInternal = isTrue(isolated);
      const isAuto = (each: Entry | undefined) => !each || textOf(each) === 'auto';
      const address = mapping(bridge, [
        ['subnet', isAuto(subnet) ? undefined : subnet],
        ['gateway', isAuto(host) ? undefined : host],
        ['ip_range', range],
      ]);
      const address6 = mapping(bridge, [
        ['subnet', isAuto(subnet6) ? undefined : subnet6],
        ['gateway', isAuto(host6) ? undefined : host6],
      ]);
      const ranges = [address, address6].filter((each) => fieldsOf(each).length > 0);
      const config = mapping(bridge, [['config', sequence(bridge, ranges)]]);
      const isAlone = subnet6 !== undefined && subnet === undefined;
      const extra = fieldsOf(bridge).filter(([key]) => !KNOWN.includes(key));
      const hasEgress = egress && textOf(egress) === 'true';
      const own =
        isInternal || hasEgress || isAlone
          ? []
          : [['egress', egress ?? scalar(bridge, false)] as const];
      const noHost = isInternal || host || isAlone ? [] : [['host', scalar(bridge, null)] as const];
      const more6 = isInternal || !subnet6 ? [] : host6Of(bridge, { host, host6, isAlone });
      for (const [key, each] of extra) this.losses.keep(each, `bridges.${name}.${key}`);
      const rest = [...own, ...noHost, ...more6, ...extra];
      const made = mapping(bridge, [
        ['internal', isInternal ? scalar(bridge, true) : undefined],
        ['enable_ipv4', isAlone ? scalar(bridge, false) : undefined],
        ['enable_ipv6', subnet6 && scalar(bridge, true)],
        ['ipam', ranges.length > 0 ? config : undefined],
        ['x-baleine', rest.length > 0 ? mapping(bridge, rest) : undefined],
      ]);
      return [name, fieldsOf(made).length > 0 ? made : scalar(bridge, null)];
    });
  }

  private volumes(): [string, Entry][] {
    return fieldsOf(below(this.root, 'volumes')).map(([name, volume]) => {
      const known = ['external', 'name', 'labels'];
      const own = fieldsOf(volume).filter(([key]) => known.includes(key));
      const extra = fieldsOf(volume).filter(([key]) => !known.includes(key));
      for (const [key, each] of extra) this.losses.keep(each, `volumes.${name}.${key}`);
      if (extra.length === 0) return [name, volume];
      return [name, mapping(volume, [...own, ['x-baleine', mapping(volume, extra)]])];
    });
  }

  private files(section: 'secrets' | 'configs'): [string, Entry][] {
    const known = ['file', 'environment', ...(section === 'configs' ? ['content'] : [])];
    return fieldsOf(below(this.root, section)).map(([name, file]) => {
      const own = fieldsOf(file).filter(([key]) => known.includes(key));
      const extra = fieldsOf(file).filter(([key]) => !known.includes(key));
      for (const [key, each] of extra) this.losses.keep(each, `${section}.${name}.${key}`);
      if (extra.length === 0) return [name, file];
      return [name, mapping(file, [...own, ['x-baleine', mapping(file, extra)]])];
    });
  }
}

/** What the reader would not choose itself: it has `auto` beside a host, or without IPv4. */
function host6Of(
  bridge: Entry,
  {
    host,
    host6,
    isAlone,
  }: { host?: Entry | undefined; host6?: Entry | undefined; isAlone: boolean },
): (readonly [string, Entry])[] {
  if (host6 === undefined) return isAlone ? [['host6', scalar(bridge, null)]] : [];
  return textOf(host6) === 'auto' && !host && !isAlone ? [['host6', host6]] : [];
}
