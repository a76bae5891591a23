import type { PublishEntry } from './config.js';

/** What the container, the image and the configuration that carry published ports are called. */
export const FORWARDER = 'forwarder';

export const EVERYWHERE = '0.0.0.0';

type Place = Pick<PublishEntry, 'host_ip' | 'published'>;

/** Whether two cannot both be listened at. */
export function sharePort(a: Place, b: Place): boolean {
  return (
    a.published === b.published &&
    (a.host_ip === b.host_ip || a.host_ip === EVERYWHERE || b.host_ip === EVERYWHERE)
  );
}

/** `127.0.0.1:8080`. */
export const placeText = ({ host_ip, published }: Place) => `${host_ip}:${published}`;
