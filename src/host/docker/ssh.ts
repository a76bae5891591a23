import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { UserError } from '../../model/errors.js';
import { type Launched, launch } from '../linux/process/launch.js';

/** `ssh://USER@HOST:PORT/SOCKET`, as of DOCKER_HOST; all but the host may be absent. */
const FORM =
  /^ssh:\/\/(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?(\/[A-Za-z0-9._/-]*)?$/;

/** Seconds. */
const CONNECT_TIMEOUT = 10;
/** Characters of an error of ssh(1) that are kept. */
const MAX_ERROR = 2000;

/**
 * Connections to an engine through ssh(1), with its keys and configuration: each is one
 * `docker system dial-stdio` there, as of the docker client. No question is asked.
 *
 * @throws UserError for a host that is none
 */
export function sshAgent(host: string, maxSockets: number): Agent {
  const [, user, name, port, socket = '/'] = FORM.exec(host) ?? [];
  if (name === undefined) {
    throw new UserError(
      `cannot use ${JSON.stringify(host)} as the host of a swarm`,
      'For instance: ssh://root@manager.example',
    );
  }
  const words = [
    ...['-T', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${CONNECT_TIMEOUT}`],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
    ...['--', name.replace(/^\[|\]$/g, ''), 'docker'],
    ...(socket === '/' ? [] : ['--host', `unix://${socket}`]),
    ...['system', 'dial-stdio'],
  ];
  return new SshAgent(host, words, maxSockets);
}

class SshAgent extends Agent {
  constructor(
    private readonly address: string,
    private readonly words: string[],
    maxSockets: number,
  ) {
    super({ keepAlive: true, maxSockets });
  }

  override createConnection(): Duplex {
    return new Connection(this.address, this.words);
  }
}

/** What node:http asks of a socket, of the input and the output of ssh(1). */
class Connection extends Duplex {
  readonly #ssh: Launched;

  constructor(address: string, words: string[]) {
    super();
    const { SSH_AUTH_SOCK } = process.env;
    const env = SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK };
    this.#ssh = launch('ssh', words, { foreign: true, env });
    const { stdin, stdout, stderr } = this.#ssh;
    let said = '';
    const fail = (why: string) =>
      this.destroy(
        new UserError(
          `cannot reach Docker at ${address}: ${why}`,
          'ssh to that host has to work without a question, and docker has to be there.',
        ),
      );
    stdin.on('error', () => {}); // its end says why
    stdout.on('data', (part: Buffer) => {
      if (!this.push(part)) stdout.pause();
    });
    stdout.on('timeout', () => this.emit('timeout'));
    stderr.on('data', (part: Buffer) => {
      said = (said + part.toString()).slice(-MAX_ERROR);
    });
    this.#ssh.on('error', ({ message }) => fail(message));
    this.#ssh.on('close', (code) => {
      if (code === 0) this.push(null);
      else fail(said.trim() || `ssh has ended with exit code ${code}`);
    });
  }

  override _read(): void {
    this.#ssh.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#ssh.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#ssh.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ssh.kill();
    done(error);
  }

  setTimeout(ms: number): this {
    (this.#ssh.stdout as Socket).setTimeout(ms);
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    for (const each of this.#parts) each.ref();
    return this;
  }

  /** An idle connection does not keep baleine running. */
  unref(): this {
    for (const each of this.#parts) each.unref();
    return this;
  }

  get #parts(): { ref(): void; unref(): void }[] {
    const { stdin, stdout, stderr } = this.#ssh;
    return [this.#ssh, stdin as Socket, stdout as Socket, stderr as Socket];
  }
}
