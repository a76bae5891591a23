import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Milliseconds; it answers from memory. */
const PATIENCE = 5000;

/**
 * Asks a proxy by its command socket (HAProxy's Management Guide, 9.3): one command, its whole
 * answer.
 *
 * @param pid a process of its container, through whose eyes the path is looked up
 * @throws Error when the socket is not there, is something else, or does not answer
 */
export async function askProxy(pid: number, path: string, command: string): Promise<string> {
  const file = `/proc/${pid}/root${path}`;
  try {
    // a link put there by the container would lead to a socket of the host
    if (!lstatSync(file).isSocket()) throw new Error('it is no socket');
    return await ask(file, command);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot ask the proxy at ${path}: ${code ?? message}`);
  }
}

async function ask(file: string, command: string): Promise<string> {
  const socket = connect(file);
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error('no answer in time')));
  socket.write(`${command}\n`);
  return await text(socket);
}
