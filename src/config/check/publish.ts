import type { PublishEntry } from '../../model/config.js';
import { ANY_ADDRESS, directPorts, FORWARDER, formatHostPort } from '../../model/publish.js';
import type { Service, ValidationContext } from './validation-context.js';

/** Published ports are usable, each by one container only. */
export function checkPublish(subject: ValidationContext): void {
  const services = subject.services.filter(({ entry }) => entry.publish);
  if (services.length === 0) return;
  checkReserved(subject);
  const taken = new Taken();
  for (const service of services) {
    const by = service.path.join('.');
    checkReach(service, subject);
    service.entry.publish?.forEach((entry, index) => {
      const at = [...service.path, 'publish', index];
      const other = taken.find(entry);
      if (other)
        subject.problems.atValue(
          at,
          `${clash(entry, other.entry)} is already published by ${other.by}`,
        );
      taken.add({ entry, by });
    });
  }
}

interface Owned {
  entry: PublishEntry;
  by: string;
}

/** Published ports, indexed so that they need not be compared pairwise. */
class Taken {
  readonly #places = new Map<string, Owned>();
  /** The first entry of each port, regardless of its address. */
  readonly #ports = new Map<number, Owned>();

  find({ host_ip, published }: PublishEntry): Owned | undefined {
    if (host_ip === ANY_ADDRESS) return this.#ports.get(published);
    const everywhere = formatHostPort({ host_ip: ANY_ADDRESS, published });
    return this.#places.get(formatHostPort({ host_ip, published })) ?? this.#places.get(everywhere);
  }

  add(owned: Owned): void {
    const { entry } = owned;
    if (!this.#places.has(formatHostPort(entry))) this.#places.set(formatHostPort(entry), owned);
    if (!this.#ports.has(entry.published)) this.#ports.set(entry.published, owned);
  }
}

function clash(entry: PublishEntry, other: PublishEntry): string {
  const everywhere = other.host_ip === ANY_ADDRESS && entry.host_ip !== ANY_ADDRESS;
  return everywhere ? `port ${entry.published} of every address` : formatHostPort(entry);
}

/**
 * The forwarder runs on the host and reaches containers through a bridge with a host address; ports
 * that a proxy itself listens on do not involve it.
 */
function checkReach(
  { path, entry, names }: Service,
  { bridges, problems }: ValidationContext,
): void {
  const at = [...path, 'publish'];
  if (names.length > 1) {
    problems.atKey(at, `${names.length} replicas cannot share one port of the host`, SPREAD);
  }
  if (entry.publish?.length === directPorts(entry).length) return;
  const reached = Object.keys(entry.bridges).some((name) => {
    const bridge = Object.hasOwn(bridges, name) ? bridges[name] : undefined;
    return !bridge || bridge.external === true || bridge.host !== undefined;
  });
  if (reached) return;
  const message =
    'a container that publishes ports must be on a bridge where the host has an address';
  problems.atKey(at, message, 'give one of its bridges host: ADDRESS');
}

const SPREAD = 'a farm spreads requests: publish a port of its proxy';

function checkReserved({ services, images, problems }: ValidationContext): void {
  const why = 'is what carries published ports; choose another name';
  for (const { path, names } of services) {
    if (names.includes(FORWARDER)) problems.atKey(path, `container ${FORWARDER} ${why}`);
  }
  if (Object.hasOwn(images, FORWARDER)) {
    problems.atKey(['images', FORWARDER], `image ${FORWARDER} ${why}`);
  }
}
