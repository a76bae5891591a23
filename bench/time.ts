import { spawnSync } from 'node:child_process';

export type Command = readonly [program: string, ...args: string[]];

export interface Environment {
  cwd?: string;
  env?: Record<string, string>;
}

/** Runs a command to its end. @returns milliseconds. @throws with its output if it fails */
export function time([program, ...args]: Command, { cwd, env }: Environment = {}): number {
  const start = performance.now();
  const ran = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  const took = performance.now() - start;
  if (ran.error) throw ran.error;
  if (ran.status !== 0) {
    const how = ran.signal ?? `exit code ${ran.status}`;
    throw new Error(`${[program, ...args].join(' ')}: ${how}\n${ran.stdout}${ran.stderr}`);
  }
  return took;
}

/** The output of a command. */
export function output(command: Command, environment: Environment = {}): string {
  const [program, ...args] = command;
  const ran = spawnSync(program, args, {
    cwd: environment.cwd,
    env: { ...process.env, ...environment.env },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (ran.status !== 0) throw new Error(`${command.join(' ')}: ${ran.stderr || ran.error}`);
  return ran.stdout;
}

export function installed(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

export function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Alternates, so that a busy moment of the machine affects all alike. @returns medians in ms */
export function alternate(commands: Command[], times: number, environment?: Environment): number[] {
  const taken = commands.map((): number[] => []);
  for (let round = 0; round < times; round++) {
    commands.forEach((command, at) => void taken[at]?.push(time(command, environment)));
  }
  return taken.map(median);
}
