import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { messageOf, UserError } from '../../model/errors.js';

/** How to reach an engine. */
export interface Endpoint {
  /** `unix:///run/docker.sock`, `tcp://manager:2376`. */
  host: string;
  /** A folder with ca.pem, cert.pem and key.pem; absent: no TLS. */
  certificates?: string;
}

/** The version of the API that baleine speaks: that of Docker 20.10, which Debian 12 has. */
const VERSION = '1.41';
/** Milliseconds without an answer, or between two parts of one. */
const TIMEOUT = 30_000;
const CONNECT_TIMEOUT = 10_000;

export interface Connection {
  docker: Docker;
  /** Runs a call, and says what could not be done if it fails. */
  ask<T>(what: string, call: (docker: Docker) => Promise<T>): Promise<T>;
}

/** @throws UserError for a host that is none, or without a certificate that it needs */
export function connect(endpoint: Endpoint): Connection {
  const docker = new Docker(optionsOf(endpoint));
  return {
    docker,
    ask: (what, call) =>
      call(docker).catch((error: unknown) => {
        throw explained(what, endpoint, error);
      }),
  };
}

function optionsOf({ host, certificates }: Endpoint): Docker.DockerOptions {
  const common = { version: `v${VERSION}`, timeout: TIMEOUT, connectionTimeout: CONNECT_TIMEOUT };
  const path = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (path !== undefined) return { ...common, host: undefined, socketPath: path } as never;
  const [, name, port] =
    /^tcp:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})\/?$/.exec(host) ?? [];
  if (name === undefined || port === undefined) {
    throw new UserError(
      `cannot use ${JSON.stringify(host)} as the host of a swarm`,
      'For instance: unix:///run/docker.sock or tcp://manager.example:2376',
    );
  }
  const address = { host: name.replace(/^\[|\]$/g, ''), port: Number(port) };
  if (certificates === undefined) return { ...common, ...address, protocol: 'http' };
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((each) =>
    readCertificate(join(certificates, each)),
  );
  return { ...common, ...address, protocol: 'https', ca, cert, key } as Docker.DockerOptions;
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

function hintOn(said: string): string | undefined {
  if (/does not have a leader|context deadline exceeded/.test(said)) {
    return 'More than half of the managers must be up: docker node ls on each.';
  }
  return undefined;
}
