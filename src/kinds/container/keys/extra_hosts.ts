import { isIP } from 'node:net';
import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import { resolvedKey, spec } from './key.js';

type Raw = string[] | Record<string, string | string[]>;

/** A line of /etc/hosts. */
export interface ExtraHost {
  name: string;
  /** An IPv4 or IPv6 address, or `host-gateway`: the host's on the container's first bridge. */
  address: string;
}

export const HOST_GATEWAY = 'host-gateway';

const NAME = '[A-Za-z0-9_][A-Za-z0-9._-]{0,252}';

export const extra_hosts = resolvedKey({
  schema: {
    description:
      "More lines of its /etc/hosts: a mapping of names to addresses, or a list of `NAME:ADDRESS` or `NAME=ADDRESS`. `host-gateway` stands for the host's address on its first bridge that has one. A change is made while it runs.",
    anyOf: [
      {
        type: 'object',
        propertyNames: {
          type: 'string',
          pattern: `^${NAME}$`,
          errorMessage: 'must be a host name',
        },
        additionalProperties: {
          description: 'An address, or several.',
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
          errorMessage: 'must be an address such as 10.77.1.10, or host-gateway',
        },
      },
      {
        type: 'array',
        items: {
          type: 'string',
          pattern: `^${NAME}[:=].`,
          errorMessage: 'must be NAME:ADDRESS, as host.internal:host-gateway',
        },
      },
    ],
  },
  read: (raw: Raw | undefined, path, reading) => hostsOf(raw ?? [], path, reading),
  as: 'extra_hosts',
  /** `NAME=ADDRESS` each, with the host's own address; absent without any. */
  spec: spec<string[] | undefined>(),
  // its file of host names is rewritten in place
  change: 'record',
  // other resources have it
  release: false,
  flag: {
    flags: '--add-host <name:address>',
    help: 'a line of /etc/hosts; host-gateway: the host; repeatable',
    repeatable: true,
  },
});

function hostsOf(raw: Raw, path: Path, { problems }: ParseContext): ExtraHost[] | undefined {
  const entries = Array.isArray(raw)
    ? raw.map((text, i): [string, string, Path] => {
        const [, name = '', address = ''] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
        return [name, address, [...path, i]];
      })
    : Object.entries(raw).flatMap(([name, addresses]) =>
        [addresses].flat().map((each): [string, string, Path] => [name, each, [...path, name]]),
      );
  const hosts = entries.map(([name, text, at]): ExtraHost => {
    const address = /^\[.*\]$/s.test(text) ? text.slice(1, -1) : text;
    if (address !== HOST_GATEWAY && !isIP(address)) {
      problems.atValue(at, `${JSON.stringify(text)} is no address`, 'or write host-gateway');
    }
    return { name, address };
  });
  return hosts.length > 0 ? hosts : undefined;
}
