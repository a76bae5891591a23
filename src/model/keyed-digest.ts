import { createHmac } from 'node:crypto';

/**
 * Identifies a content to whoever has the key, and tells nothing to others: a short secret cannot be
 * guessed from it. 128 bits in hexadecimal digits.
 *
 * @param key hexadecimal
 * @param form separates contents that mean different things
 */
export function keyedDigest(key: string, form: string, content: Uint8Array): string {
  const hmac = createHmac('sha256', Buffer.from(key, 'hex'));
  return hmac.update(`${form}\0`).update(content).digest('hex').slice(0, 32);
}
