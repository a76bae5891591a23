import { SERVER, type StackFile } from './stack.js';

/** An image for a farm's servers and its proxy. */
export const FARM_IMAGE = {
  size: '64M',
  from: { host: { binaries: ['/bin/busybox', '/usr/sbin/haproxy'] } },
};

export const FARM_BRIDGES = {
  front: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
  back: { subnet: '10.77.2.0/24', isolated: true },
};

/** A farm of servers that answer with their names, behind a proxy at `address`. */
export function farmOf(
  replicas: number,
  address: string,
  { proxy = {}, servers = {} }: { proxy?: object; servers?: object } = {},
) {
  return {
    servers: { ...SERVER, replicas, bridges: ['back'], port: 80, ...servers },
    proxy: { image: 'box', bridges: { front: { address }, back: {} }, listen: 80, ...proxy },
  };
}

/** A stack that consists of farms. */
export function farmStack(farms: Record<string, object>): StackFile {
  return { name: 'farm', images: { box: FARM_IMAGE }, bridges: FARM_BRIDGES, farms };
}
