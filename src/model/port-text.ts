import type { PublishRequest } from './container-values.js';
import { parseIp } from './ipv4.js';
import { formatIp6, parseIp6 } from './ipv6.js';

/** Ports as text, before they are known to make sense. */
export interface PortText {
  host_ip?: string | undefined;
  /** A port or a range; absent or empty for any free port. */
  published?: string | undefined;
  /** A port or a range. */
  target: string;
  protocol?: string | undefined;
}

export interface PortProblem {
  problem: string;
  hint?: string;
}

/** Ports of one range. */
const MAX_RANGE = 1024;

const EVERYWHERE = '0.0.0.0';

const FORM =
  /^(?:(?:(\[[0-9a-fA-F:.]*\]|[0-9.]+|[0-9a-fA-F:]*::[0-9a-fA-F:]*):)?([0-9-]*):)?([0-9-]+)(?:\/([A-Za-z]+))?$/;

/** `[[HOST_IP:]PUBLISHED:]TARGET[/PROTOCOL]`; an IPv6 address may be in brackets. */
export function parsePortText(text: string): PortText | undefined {
  const [, host_ip, published, target, protocol] = FORM.exec(text) ?? [];
  return target === undefined ? undefined : { host_ip, published, target, protocol };
}

/** Several host ports for one port of the container mean any of them, as in Docker. */
export function requestedPorts(text: PortText): PublishRequest[] | PortProblem {
  const { host_ip = EVERYWHERE, published = '', target, protocol = 'tcp' } = text;
  const targets = rangeOf(target);
  const given = published === '' || published === '0' ? undefined : rangeOf(published);
  if (!targets || (published !== '' && published !== '0' && !given)) {
    const wrong = targets ? published : target;
    return { problem: `${wrong} is no port or range, 1 to 65535, of at most ${MAX_RANGE}` };
  }
  const place = addressOf(host_ip);
  if (typeof place !== 'string') return place;
  if (protocol.toLowerCase() !== 'tcp' && protocol.toLowerCase() !== 'udp') {
    return { problem: `port ${target}/${protocol} cannot be published: only TCP and UDP can` };
  }
  const how = {
    ...(protocol.toLowerCase() === 'udp' && ({ protocol: 'udp' } as const)),
    ...(text.host_ip === EVERYWHERE && ({ only_ipv4: true } as const)),
  };
  const only = targets.length === 1 && given && given.length > 1;
  if (only) {
    const last = given.at(-1) as number;
    return [{ host_ip: place, published: given[0] ?? 0, last, target: targets[0] ?? 0, ...how }];
  }
  if (given && given.length !== targets.length) {
    return { problem: `the ranges ${published} and ${target} differ in length` };
  }
  return targets.map((each, i) => ({
    host_ip: place,
    published: given?.[i] ?? 0,
    target: each,
    ...how,
  }));
}

/** Without brackets, in canonical form. */
function addressOf(text: string): string | PortProblem {
  if (!/[:[]/.test(text)) {
    return parseIp(text) === undefined ? { problem: `${text} is no IPv4 address` } : text;
  }
  const address = parseIp6(text.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return formatIp6(address);
  return {
    problem: `${text} is no IPv6 address`,
    hint: 'write it in brackets, as "[::1]:8080:80"',
  };
}

function rangeOf(text: string): number[] | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  const isValid = from >= 1 && to <= 65_535 && from <= to && to - from < MAX_RANGE;
  return isValid ? Array.from({ length: to - from + 1 }, (_, i) => from + i) : undefined;
}
