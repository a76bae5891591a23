import type { LinkSpec } from '../../../model/container-values.js';
import { plainKey } from './key.js';

export const dns = plainKey({
  schema: {
    description:
      'Name servers: an address, or a list of up to three. Default: the resolvers of its bridges (`dns`), and the one of the way out that it uses.',
    anyOf: [
      {
        type: 'array',
        items: { $ref: '#/definitions/ipv4' },
        maxItems: 3,
        errorMessage: 'must list at most 3 name servers, as resolv.conf(5) does',
      },
      { $ref: '#/definitions/ipv4' },
    ],
    default: [],
  },
  read: (raw: string | string[] | undefined) => [raw ?? []].flat(),
  change: 'replace',
  release: true,
  flag: { flags: '--dns <address>', help: 'a name server; repeatable', repeatable: true },
});

/** resolv.conf(5): MAXNS. */
const MOST = 3;

/** First the resolvers, which know the containers. A resolver asks the name servers of its own link. */
function serversOf(links: LinkSpec[]): string[] {
  const resolvers = links.flatMap(({ resolver }) => resolver ?? []);
  const others = links.flatMap(({ dns = [], resolver }) => (resolver === undefined ? dns : []));
  return [...resolvers, ...others].slice(0, MOST);
}

/** What a container's resolv.conf follows from. */
interface Resolving {
  dns: string[];
  dns_search?: string[] | undefined;
  dns_opt?: string[] | undefined;
  domainname?: string | undefined;
  links: LinkSpec[];
}

/**
 * Its resolv.conf(5). Without name servers of its own, of a bridge or of a way out there is none: the
 * host's cannot be reached from inside.
 */
export function resolvConf({ dns, dns_search, dns_opt, domainname, links }: Resolving): string {
  const servers = dns.length > 0 ? dns : serversOf(links);
  const search = (dns_search ?? [domainname ?? '.']).filter((each) => each !== '.');
  return [
    ...servers.map((address) => `nameserver ${address}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(dns_opt ? [`options ${dns_opt.join(' ')}`] : []),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
