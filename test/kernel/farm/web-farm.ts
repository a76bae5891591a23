/** A file or folder of the host, and its path in the servers' image. */
interface Copy {
  from: string;
  to: string;
}

/** Two servers behind HAProxy at 10.77.1.10, with an image that contains the copied file. */
export function webFarm(copy: Copy, servers: object, update: object) {
  const binaries = ['/bin/busybox', '/usr/sbin/haproxy'];
  return {
    name: 'farm',
    images: {
      box: { size: '64M', from: { host: { binaries } } },
      web: { from: { image: 'box' }, copy: [copy] },
    },
    bridges: {
      front: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
      back: { subnet: '10.77.2.0/24', isolated: true },
    },
    farms: {
      web: {
        servers: {
          image: 'web',
          stop_signal: 'SIGKILL',
          bridges: ['back'],
          replicas: 2,
          ...servers,
        },
        proxy: {
          image: 'box',
          engine: 'haproxy',
          bridges: { front: { address: '10.77.1.10' }, back: {} },
          listen: 80,
        },
        update: { drain: '5s', ...update },
      },
    },
  };
}
