import { UserError } from '../../model/errors.js';
import { inBrackets } from '../../model/publish.js';
import type { Context } from '../context.js';
import { selectContainers } from '../lookup.js';

/** A port of a container and one of the host that leads to it. */
export interface PortPair {
  container: string;
  /** `80/tcp` */
  private: string;
  /** `127.0.0.1:8080` */
  host: string;
}

/**
 * The published ports of a container, service or farm.
 *
 * @param port of the container, as `80` or `80/tcp`; absent: all
 * @throws UserError if that port is not published
 */
export function publishedPorts(
  context: Context,
  stack: string,
  name: string,
  port: string | undefined,
): PortPair[] {
  const wanted = port === undefined ? undefined : parsePort(port);
  const pairs = selectContainers(context.state().rows, stack, [name], 'find ports of').flatMap(
    (row): PortPair[] =>
      (row.spec.publish ?? []).map((entry) => ({
        container: row.name,
        private: `${entry.target}/${entry.protocol ?? 'tcp'}`,
        host: `${inBrackets(entry.host_ip)}:${entry.published}`,
      })),
  );
  const found = pairs.filter((each) => wanted === undefined || each.private === wanted);
  if (wanted === undefined || found.length > 0) return found;
  const others = [...new Set(pairs.map((each) => each.private))].join(', ');
  throw new UserError(
    `cannot find a host port for ${name} ${wanted}: it is not published`,
    others === '' ? 'It publishes none.' : `It publishes ${others}.`,
  );
}

function parsePort(text: string): string {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(text) ?? [];
  if (port !== undefined) return `${Number(port)}/${protocol.toLowerCase()}`;
  throw new UserError(`cannot use ${JSON.stringify(text)} as a port`, 'It is like 80 or 80/tcp.');
}
