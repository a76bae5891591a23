import { parseIp } from './ipv4.js';

/** What a DHCP server says of its network. */
export interface Lease {
  router?: string;
  /** Name servers, at most three. */
  dns: string[];
}

/** resolv.conf(5): MAXNS. */
const MOST = 3;

/**
 * Reads lines `router=…` and `dns=…` of addresses with spaces between. Anybody on the network can
 * answer: what is no address is left out.
 */
export function parseLease(text: string): Lease {
  const [[router], dns] = (['router', 'dns'] as const).map((name) => {
    const line = text.split('\n').find((each) => each.startsWith(`${name}=`));
    const words = line?.slice(name.length + 1).split(' ') ?? [];
    return words.filter((each) => parseIp(each) !== undefined).slice(0, MOST);
  }) as [string[], string[]];
  return { ...(router !== undefined && { router }), dns };
}
