import { expect, it } from 'vitest';
import { openPorts, portsOfService } from '../../src/app/container/service-ports.js';
import { read } from '../config/read.js';

const config = read(`name: shop
images: { base: { from: { tar: base.tar } } }
bridges: { net: { subnet: 10.7.0.0/24, host: 10.7.0.1 } }
containers:
  web: { image: base, bridges: [net], publish: ["8080:80", "53:53/udp"] }
  mail: { image: base, bridges: [net], publish: [{ published: 25, target: 25, proxy_protocol: true }] }
  none: { image: base }
  own: { image: base, publish: [{ published: 81, socket_activation: true }] }
farms:
  shop:
    servers: { image: base, bridges: [net], replicas: 2, port: 8081 }
    proxy: { image: base, bridges: [net], listen: 80, publish: ["8082:80"] }
  seen:
    servers: { image: base, bridges: [net], replicas: 2, port: 8081 }
    proxy: { image: base, bridges: [net], listen: 80, stats: 9000, publish: ["8083:80", "9000:9000"] }
`);
const ports = (service: string) => portsOfService(config, service, `run service ${service}`);

it('are those of the container', () => {
  expect(ports('web')).toEqual([
    { host_ip: '0.0.0.0', published: 8080, target: 80 },
    { host_ip: '0.0.0.0', published: 53, target: 53, protocol: 'udp' },
  ]);
  expect(ports('none')).toEqual([]);
});

it('of a farm lead to a server in place of the proxy', () => {
  expect(ports('shop')).toEqual([{ host_ip: '0.0.0.0', published: 8082, target: 8081 }]);
});

it.each([
  ['own', 'cannot run service own: its port 0.0.0.0:81 needs more than a container'],
  ['mail', 'cannot run service mail: its port 0.0.0.0:25:25 needs more than a container'],
  ['seen', 'cannot run service seen: its port 0.0.0.0:9000:9000 needs more than a container'],
])('of %s are refused', (service, expected) => {
  expect(() => ports(service)).toThrow(expected);
});

it('with a socket of the host are refused before anything is asked of it', async () => {
  const publish = [{ host_ip: '0.0.0.0', published: 81, target: 81, socket_activation: 'web' }];
  const opened = openPorts(undefined as never, config, [], { bridges: {}, publish }, 'run it');
  await expect(opened).rejects.toThrow(
    'cannot run it: a one-off container of a service inherits no socket of 0.0.0.0:81',
  );
});
