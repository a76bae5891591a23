import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { join } from 'node:path';
import { inspect } from 'node:util';
import Docker from 'dockerode';
import { messageOf, UserError } from '../../model/errors.js';
import { sshAgent } from './ssh.js';

/** How to reach an engine. */
export interface Endpoint {
  /** `unix:///run/docker.sock`, `ssh://root@manager`, `tcp://manager:2376`. */
  host: string;
  /** A folder with ca.pem, cert.pem and key.pem; absent: no TLS. */
  certificates?: string;
}

/** The version of the API that baleine needs: that of Docker 20.10, which Debian 12 has. */
const VERSION = '1.41';
/** Milliseconds until there is a connection, without an answer, or between two parts of one. */
const TIMEOUT = 30_000;

/** A manager that is asked for more at once only gets slower; sshd(8) takes ten that have no login yet. */
const MAX_CONNECTIONS = 8;

export interface Connection {
  /** Runs a call, and says what could not be done if it fails. */
  ask<T>(what: string, call: (docker: Docker) => Promise<T>): Promise<T>;
  /** The same for an answer that may go on for as long as it likes, beside any number of others. */
  follow<T>(what: string, call: (docker: Docker) => Promise<T>): Promise<T>;
}

/** @throws UserError for a host that is none, or without a certificate that it needs */
export function connect(endpoint: Endpoint): Connection {
  const docker = clientOf(endpoint, MAX_CONNECTIONS);
  let following: Docker | undefined;
  let agreed: Promise<string> | undefined;
  const run = async <T>(
    what: string,
    call: (docker: Docker) => Promise<T>,
    choose: () => Docker,
  ): Promise<T> => {
    try {
      agreed ??= agreeOnVersion(docker, endpoint);
      const client = choose();
      (client.modem as unknown as { version: string }).version = await agreed;
      return await call(client);
    } catch (error) {
      throw explained(what, endpoint, error);
    }
  };
  return {
    ask: (what, call) => run(what, call, () => docker),
    follow: (what, call) =>
      run(what, call, () => {
        following ??= clientOf(endpoint, Number.POSITIVE_INFINITY);
        return following;
      }),
  };
}

function clientOf(endpoint: Endpoint, connections: number): Docker {
  const options = optionsOf(endpoint, connections);
  // dockerode describes its options at each call, for nobody: with all connections, that takes seconds
  Object.assign(options.agent, { [inspect.custom]: () => 'Agent' });
  return new Docker(options as Docker.DockerOptions);
}

/** Newer engines refuse old versions of the API. @returns like `v1.41` */
async function agreeOnVersion(docker: Docker, { host }: Endpoint): Promise<string> {
  const { Version, ApiVersion, MinAPIVersion = VERSION } = await docker.version();
  if (isOlder(ApiVersion, VERSION)) {
    throw new UserError(
      `cannot use Docker at ${host}: version ${Version} is too old`,
      'Docker 20.10 or newer is needed.',
    );
  }
  return `v${isOlder(MinAPIVersion, VERSION) ? VERSION : MinAPIVersion}`;
}

/** @param version like `1.41` */
function isOlder(version: string, than: string): boolean {
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [version, than].map((each) =>
    each.split('.').map(Number),
  ) as [number[], number[]];
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/** dockerode's types lack the agent. */
type Options = Omit<Docker.DockerOptions, 'host'> & { host?: string | undefined; agent: Agent };

function optionsOf({ host, certificates }: Endpoint, maxSockets: number): Options {
  // dockerode's own limit of connecting is one of the whole answer
  const waiting = { keepAlive: true, timeout: TIMEOUT, maxSockets };
  const common = { timeout: TIMEOUT, agent: new Agent(waiting) };
  if (host.startsWith('ssh://')) {
    // the name is that of the header Host only
    return {
      ...common,
      protocol: 'http',
      host: 'docker',
      port: 80,
      agent: sshAgent(host, maxSockets),
    };
  }
  const path = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (path !== undefined) return { ...common, host: undefined, socketPath: path };
  const [, name, port] =
    /^tcp:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})\/?$/.exec(host) ?? [];
  if (name === undefined || port === undefined) {
    throw new UserError(
      `cannot use ${JSON.stringify(host)} as the host of a swarm`,
      'For instance: ssh://root@manager.example or tcp://manager.example:2376',
    );
  }
  const address = { host: name.replace(/^\[|\]$/g, ''), port: Number(port) };
  if (certificates === undefined) return { ...common, ...address, protocol: 'http' };
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((each) =>
    readCertificate(join(certificates, each)),
  );
  const agent = new TlsAgent(waiting);
  return { ...common, ...address, protocol: 'https', agent, ca, cert, key };
}

function readCertificate(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(
      `cannot read ${path}: ${messageOf(error)}`,
      'The folder of certificates has ca.pem, cert.pem and key.pem, as for DOCKER_CERT_PATH.',
    );
  }
}

/** What dockerode's errors have besides a message. */
interface Failure {
  statusCode?: number;
  json?: { message?: string } | null;
  code?: string;
}

/** The status of an answer; undefined if there was none. */
export const statusOf = (error: unknown): number | undefined =>
  ((error instanceof Error ? (error.cause ?? error) : {}) as Failure).statusCode;

function explained(what: string, { host, certificates }: Endpoint, error: unknown): Error {
  if (error instanceof UserError) return error;
  const { statusCode, json, code } = error as Failure;
  const cause = { cause: error };
  if (statusCode !== undefined) {
    const said = json?.message ?? messageOf(error);
    if (/HTTP request to an HTTPS server/.test(said)) {
      const hint = 'Name the folder of its certificates: swarm.certificates, or DOCKER_CERT_PATH.';
      return new UserError(`cannot reach ${host}: it wants TLS`, hint, cause);
    }
    return new UserError(`cannot ${what}: ${said}`, hintOn(said), cause);
  }
  if (
    certificates !== undefined &&
    /TLS|SSL|CERT|SIGN|EPROTO/i.test(`${code} ${messageOf(error)}`)
  ) {
    const hint = `The certificates are those in ${certificates}.`;
    return new UserError(`cannot reach ${host}: TLS fails (${messageOf(error)})`, hint, cause);
  }
  return new UserError(
    `cannot reach Docker at ${host}: ${REASONS[code ?? ''] ?? messageOf(error)}`,
    'Another host: swarm.host in the file, or DOCKER_HOST.',
    cause,
  );
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'no answer in time, or the connection was cut',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name cannot be resolved now',
  EHOSTUNREACH: 'there is no way there',
  ENETUNREACH: 'there is no way there',
};

/** What helps with an error of an engine. */
export function hintOn(said: string): string | undefined {
  if (/does not have a leader|context deadline exceeded/.test(said)) {
    return 'More than half of the managers must be up: docker node ls on each.';
  }
  return undefined;
}
