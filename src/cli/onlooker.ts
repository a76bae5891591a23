import type { Host } from '../host/host.js';
import { UserError } from '../model/errors.js';
import { Context } from './context.js';

/** Only looks: what would change the host, fetch an image or build one is out of its reach. */
export class Onlooker extends Context {
  override host(): Promise<Host> {
    const message = 'cannot tell what an image is without fetching or building it';
    return Promise.reject(new UserError(message, '`baleine plan` does that.'));
  }
}
