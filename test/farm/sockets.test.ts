import { describe, expect, it } from 'vitest';
import { opensPorts } from '../../src/kinds/container/port-conflicts.js';
import { complaint } from '../config/read.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (publish: string, { proxy = '', host = ', host: 10.77.1.1' } = {}) => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { front: { subnet: 10.77.1.0/24${host} } }
farms:
  shop:
    servers: { image: web, bridges: [front], port: 80 }
    proxy: { image: web, bridges: [front], listen: 80, publish: ${publish} ${proxy} }
`;

const ONE = '["0.0.0.0:8080:80"]';
const TWO = '["0.0.0.0:8080:80", "127.0.0.1:80:80"]';
const PROXY = 'shop.shop-proxy';

const named = (stack: MemoryStack, name: string) => stack.rows.filter((row) => row.name === name);
const textOf = (stack: MemoryStack) =>
  String((named(stack, 'shop-proxy')[0]?.spec as { text?: string })?.text);

describe('the published ports of a farm', () => {
  it('are passed to its proxy as sockets', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(TWO));
    expect(named(stack, 'forwarder')).toEqual([]);
    const sockets = [
      { host_ip: '0.0.0.0', published: 8080 },
      { host_ip: '127.0.0.1', published: 80 },
    ];
    const proxy = stack.rows.find(
      ({ kind, name }) => kind === 'container' && name === 'shop-proxy',
    );
    expect(proxy).toMatchObject({ spec: { sockets }, facts: { sockets } });
    expect(textOf(stack).match(/.*BALEINE.*/g)).toEqual([
      '    presetenv BALEINE_SOCKET_0_0_0_0_8080 127.0.0.1:8080',
      '    presetenv BALEINE_SOCKET_127_0_0_1_80 127.0.0.1:80',
      `    bind "\${BALEINE_SOCKET_0_0_0_0_8080}" # 0.0.0.0:8080 of the host`,
      `    bind "\${BALEINE_SOCKET_127_0_0_1_80}" # 127.0.0.1:80 of the host`,
    ]);
    expect(stack.plan(file(TWO)).changes).toEqual([]);
  });

  it('only restart the proxy when they change', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(ONE));
    expect(stack.planText(file(TWO))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # config.shop-proxy will be updated in-place (text changed)
        ~ config.shop-proxy
            ~ text:
                @@ -4,6 +4,7 @@
                     stats socket /dev/shm/proxy.sock mode 600 level admin
                     close-spread-time infinite
                     presetenv BALEINE_SOCKET_0_0_0_0_8080 127.0.0.1:8080
                +    presetenv BALEINE_SOCKET_127_0_0_1_80 127.0.0.1:80
                     uid 65534
                     gid 65534
                 
                @@ -23,6 +24,7 @@
                 frontend shop
                     bind :80
                     bind "\${BALEINE_SOCKET_0_0_0_0_8080}" # 0.0.0.0:8080 of the host
                +    bind "\${BALEINE_SOCKET_127_0_0_1_80}" # 127.0.0.1:80 of the host
                     http-after-response set-header connection close if { stopping }
                     default_backend shop-servers
                 

        # container.shop-proxy will be updated in-place (publish changed, sockets changed, takes a restart)
        ~ container.shop-proxy
            ~ publish:
                + 127.0.0.1:80:80
            ~ sockets:
                + 127.0.0.1:80

      Plan: 0 to add, 2 to change, 0 to destroy."
    `);
    expect(opensPorts(stack.plan(file(TWO)))).toBe(true);
    await stack.apply(file(TWO));
    expect(stack.plan(file(TWO)).changes).toEqual([]);
  });

  it('restart it also if an earlier run was interrupted', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(TWO));
    const row = stack.rows.find(({ kind, name }) => kind === 'container' && name === 'shop-proxy');
    Object.assign(row?.facts ?? {}, { sockets: [{ host_ip: '0.0.0.0', published: 8080 }] });
    const plan = stack.plan(file(TWO));
    expect(plan.changes.map(({ reasons }) => reasons)).toEqual([
      ['sockets changed, takes a restart'],
    ]);
    expect(plan.units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).toEqual([
      'container.verify',
      'container.stop',
      'container.start',
      'container.listen',
    ]);
  });

  it('are restored after the proxy exited', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(ONE));
    stack.host.end(PROXY, 137);
    const plan = stack.plan(file(ONE));
    expect(opensPorts(plan)).toBe(true);
    expect(plan.units[0]?.steps[0]?.args).toMatchObject({
      spec: { sockets: [{ host_ip: '0.0.0.0', published: 8080 }] },
    });
  });

  it('belong to the forwarder with proxy_protocol or a custom proxy command', async () => {
    const long = '{ host_ip: 0.0.0.0, published: 8080, target: 80';
    for (const text of [
      file(`[${long}, proxy_protocol: true }]`),
      file(ONE, { proxy: ', command: [httpd]' }),
      file(ONE, { proxy: ', runtime: runsc' }),
      file('["0.0.0.0:8080:81"]'),
    ]) {
      const stack = new MemoryStack();
      await stack.apply(text);
      expect(named(stack, 'forwarder')).toHaveLength(3);
      expect(textOf(stack)).not.toContain('BALEINE');
    }
  });

  it('are released by the proxy before the forwarder takes over', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(ONE));
    const { units } = stack.plan(
      file('[{ host_ip: 0.0.0.0, published: 8080, target: 80, proxy_protocol: true }]'),
    );
    const forwards = units.find(({ id }) => id === 'put config.forwarder');
    expect(forwards?.needs).toContain('put container.shop-proxy');
  });

  it('may be used with and without the forwarder’s header, and need no host address', async () => {
    const both =
      '["0.0.0.0:81:80", { host_ip: 0.0.0.0, published: 82, target: 80, proxy_protocol: true }]';
    const stack = new MemoryStack();
    await stack.apply(file(both));
    expect(textOf(stack).match(/ bind .*/g)).toEqual([
      ' bind :80 accept-proxy',
      ` bind "\${BALEINE_SOCKET_0_0_0_0_81}" # 0.0.0.0:81 of the host`,
    ]);
    expect(complaint(file(both, { host: '' }))).toContain('a bridge where the host has an address');
    expect(new MemoryStack().planText(file(ONE, { host: '' }))).toContain('publish:');
  });
});
