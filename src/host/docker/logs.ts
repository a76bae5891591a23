import type { IncomingMessage } from 'node:http';
import type Docker from 'dockerode';
import { UserError } from '../../model/errors.js';
import type { ClusterLogLine, ClusterLogOptions } from '../cluster.js';
import type { Connection } from './connect.js';

/** Bytes of one line; a longer one is cut. */
const MAX_LINE = 64 * 1024;
/** Bytes of a frame's header: stream, three zeros, length (Docker Engine API, ContainerAttach). */
const HEADER = 8;

/** What the tasks of a service have printed. */
export async function* readLogs(
  { follow: open }: Connection,
  service: string,
  { follow, tail, since, signal }: ClusterLogOptions,
): AsyncIterable<ClusterLogLine> {
  const query = {
    ...{ stdout: true, stderr: true, details: true, timestamps: true, follow },
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since: Math.floor(since / 1000) }),
  };
  try {
    const answer = await open(`read the logs of service ${service}`, (docker) =>
      dial(docker, service, query, signal),
    );
    yield* lines(frames(answer));
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** As a stream, whether or not it follows: dockerode would keep all of it in memory. */
function dial(
  docker: Docker,
  service: string,
  options: object,
  signal: AbortSignal | undefined,
): Promise<NodeJS.ReadableStream> {
  const request = {
    ...{ path: `/services/${service}/logs?`, method: 'GET', isStream: true, options },
    ...(signal && { abortSignal: signal }),
    statusCodes: { 200: true, 404: 'no such service', 500: 'server error' },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error, data) => {
      if (error) return reject(error);
      // a service may be silent for as long as it likes
      (data as IncomingMessage).socket.setTimeout(0);
      resolve(data as NodeJS.ReadableStream);
    });
  });
}

interface Frame {
  stream: ClusterLogLine['stream'];
  payload: Buffer;
}

async function* frames(answer: NodeJS.ReadableStream): AsyncIterable<Frame> {
  let rest = Buffer.alloc(0);
  for await (const part of answer) {
    rest = Buffer.concat([rest, part as Buffer]);
    for (;;) {
      if (rest.length < HEADER) break;
      const length = rest.readUInt32BE(4);
      if (length > MAX_LINE * 4) throw new UserError('cannot read the logs: a frame is too long');
      if (rest.length < HEADER + length) break;
      const stream = rest[0] === 2 ? 'stderr' : 'stdout';
      yield { stream, payload: rest.subarray(HEADER, HEADER + length) };
      rest = rest.subarray(HEADER + length);
    }
  }
}

/** A line begins with its time and its labels: `2026-… com.docker.swarm.node.id=…,… text`. */
async function* lines(all: AsyncIterable<Frame>): AsyncIterable<ClusterLogLine> {
  for await (const { stream, payload } of all) {
    const line = payload.toString('utf8').replace(/\n$/, '').slice(0, MAX_LINE);
    const [time = '', details = ''] = line.split(' ', 2);
    const label = (name: string) =>
      new RegExp(`(?:^|,)com\\.docker\\.swarm\\.${name}=([^,]*)`).exec(details)?.[1] ?? '';
    const text = line.slice(time.length + details.length + 2);
    yield { task: label('task.id'), node: label('node.id'), time, text, stream };
  }
}
