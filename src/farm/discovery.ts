/**
 * Servers that the proxy finds by a name server, where another engine gives them their addresses
 * (HAProxy 2.6 Configuration Manual, "server-template" and section 5.3, "Server DNS resolution").
 */
export interface Discovery {
  port: number;
  servers: readonly DiscoveredServers[];
  /** `ADDRESS:PORT`; default: those of its /etc/resolv.conf. */
  nameserver?: string;
}

export interface DiscoveredServers {
  /** Of the server; for several, the part before their numbers. */
  name: string;
  /** The name that is asked for; may have `${VARIABLES}` of the proxy's environment. */
  host: string;
  /** As many as there can be; absent for one with this very name. */
  count?: number;
}

/** @param isSticky whether a cookie makes its clients recognizable */
export function discoveredLines({ port, servers }: Discovery, isSticky: boolean): string[] {
  const options = `resolvers ${RESOLVERS} init-addr none`;
  return servers.map(({ name, host, count }) => {
    const at = `"${host}:${port}"`;
    if (count !== undefined) return `    server-template ${name} ${count} ${at} ${options}`;
    return `    server ${name} ${at} ${options}${isSticky ? ` cookie ${name}` : ''}`;
  });
}

/**
 * Servers from a template have no cookie of their own: HAProxy derives one from the address.
 *
 * @param lines of the backend
 */
export function withDynamicCookies(
  lines: string[],
  farm: string,
  { servers }: Discovery,
): string[] {
  if (servers.every(({ count }) => count === undefined)) return lines;
  return lines.flatMap((line) =>
    /^ *cookie /.test(line) ? [`${line} dynamic`, `    dynamic-cookie-key ${farm}`] : [line],
  );
}

const RESOLVERS = 'names';

/** An address that is gone is used no more at once; a name server that is away changes nothing. */
export function resolversSection({ nameserver }: Discovery): string[] {
  return [
    '',
    `resolvers ${RESOLVERS}`,
    nameserver === undefined ? '    parse-resolv-conf' : `    nameserver dns ${nameserver}`,
    '    accepted_payload_size 8192',
    '    timeout resolve 1s',
    '    timeout retry 1s',
    '    hold valid 1s',
  ];
}
