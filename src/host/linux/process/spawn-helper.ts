import { once } from 'node:events';
import { formatHostPort, type HostPort } from '../../../model/publish.js';
import { withoutIoPriority } from './attributes.js';
import { type Launched, launch, type ProgramEnd } from './launch.js';
import { checkResult, isFromTerminal } from './run.js';
import SPAWN_HELPER from './spawn-helper.pl?raw';

/** A program that outlives us. */
export interface DaemonCommand {
  /** Working directory. */
  folder: string;
  /** Addresses on the host whose listening sockets it inherits. */
  sockets: HostPort[];
  /** Maximum whole seconds until its first line, at least 1. */
  lineTimeout: number;
  program: string;
  args: string[];
}

interface Answer {
  /** Negative signal number if a signal ended it. */
  code: number;
  /** Empty if none came in time. */
  line: string;
  complaint: string;
}

/**
 * Starts programs from a small process. A fork copies a process's page tables, and Node blocks
 * until the program has started: some 6 ms per start. A Perl process (Debian's essential perl-base)
 * takes a tenth of that, and we do not block.
 */
export class SpawnHelper {
  #process: Process | undefined;
  #users = 0;

  /** One helper process starts all programs that are requested while it runs; it ends when idle. */
  async during<T>(act: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await act();
    } finally {
      this.#users -= 1;
      if (this.#users === 0) await this.#end();
    }
  }

  /**
   * Starts a program that reports by a line that it is running (conmon(8), _OCI_SYNCPIPE), and
   * waits for its first process, which only forks, to end.
   */
  begin({
    folder,
    sockets,
    lineTimeout,
    program,
    args,
  }: DaemonCommand): Promise<Omit<Answer, 'code'>> {
    const places = sockets.map(formatHostPort);
    return this.#ask([
      folder,
      String(lineTimeout),
      String(places.length),
      ...places,
      program,
      ...args,
    ]);
  }

  /**
   * Runs a program to completion, as `run` does; its output is discarded.
   *
   * @throws Error "cannot <purpose>: <program>: <end of stderr>"
   */
  async run(program: string, args: string[], purpose: string): Promise<void> {
    const { code, complaint } = await this.#ask(['/', '0', '0', program, ...args]);
    const how = code < 0 ? { signal: `signal ${-code}` } : { code };
    checkResult(program, { purpose }, { ...how, stderr: complaint });
  }

  async #ask(parts: string[]): Promise<Answer> {
    this.#process ??= new Process();
    return this.#process.ask(parts);
  }

  async #end(): Promise<void> {
    const process_ = this.#process;
    this.#process = undefined;
    await process_?.end();
  }
}

interface Job {
  text: string;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

/** The running script, which ends when its input does. */
class Process {
  readonly #jobs = new Map<string, Job>();
  #count = 0;
  #perl: Launched | undefined;

  ask(parts: string[]): Promise<Answer> {
    this.#count += 1;
    const key = String(this.#count);
    const text = [parts.length + 1, key, ...parts].map((part) => `${part}\0`).join('');
    return new Promise((resolve, reject) => {
      this.#jobs.set(key, { text, resolve, reject });
      this.#perl ??= this.#open();
      this.#perl.stdin.write(text);
    });
  }

  async end(): Promise<void> {
    if (!this.#perl) return;
    this.#perl.stdin.end();
    await once(this.#perl, 'close');
  }

  #open() {
    const [program, ...words] = withoutIoPriority('perl', ['-e', SPAWN_HELPER]);
    const perl = launch(program, words);
    let incomplete: string | undefined;
    perl.stdout.setEncoding('utf8').on('data', (text) => {
      incomplete = this.#receive((incomplete ?? '') + text);
    });
    let stderr = '';
    perl.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    // requests that it no longer reads are not answered either
    perl.stdin.on('error', () => undefined);
    let problem: string | undefined;
    perl.on('error', ({ code }: NodeJS.ErrnoException) => {
      problem = code;
    });
    perl.on('close', (code, signal) => {
      this.#perl = undefined;
      const ended = { code: problem || !code ? undefined : code, problem, stderr };
      if (incomplete === undefined && isFromTerminal(signal)) this.#restart();
      else this.#failAll({ ...ended, signal: signal ?? undefined });
    });
    return perl;
  }

  /** @returns the incomplete last answer */
  #receive(text: string): string {
    const parts = text.split('\0');
    while (parts.length > 4) {
      const [key = '', code, line = '', complaint = ''] = parts.splice(0, 4);
      this.#jobs.get(key)?.resolve({ code: Number(code), line, complaint });
      this.#jobs.delete(key);
    }
    return parts.join('\0');
  }

  /** Sends all jobs to a new process. */
  #restart(): void {
    if (this.#jobs.size === 0) return;
    this.#perl = this.#open();
    for (const { text } of this.#jobs.values()) this.#perl.stdin.write(text);
  }

  #failAll(ended: ProgramEnd): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    try {
      if (jobs.length > 0) checkResult('perl', { purpose: 'start programs' }, ended);
    } catch (error) {
      for (const { reject } of jobs) reject(error as Error);
    }
  }
}
