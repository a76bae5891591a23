import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { haproxyConfig } from '../../src/farm/haproxy.js';
import type { FarmEntry } from '../../src/model/config.js';
import { lackingAny } from '../support/skip.js';

const upstreams = [
  { name: 'shop-server-1', address: '10.77.2.2', port: 8080 },
  { name: 'shop-server-2', address: '10.77.2.3', port: 8080 },
];

/** Only the options that affect the text. */
function farm(proxy: object, healthcheck?: object): FarmEntry {
  const defaults = { engine: 'haproxy', listen: 80, mode: 'http', balance: 'roundrobin' };
  return {
    servers: { port: 8080, healthcheck },
    proxy: { ...defaults, ...proxy },
  } as unknown as FarmEntry;
}

const TIMES = { interval: 30_000, timeout: 2000, retries: 3 };
const checksOf = (healthcheck: object) =>
  haproxyConfig('shop', farm({}, { ...TIMES, ...healthcheck }), [])
    .split('\n')
    .filter((line) => /check|chk/.test(line))
    .map((line) => line.trim());

describe('checks of the servers', () => {
  it('are those of their health check, at least twice as often', () => {
    expect(checksOf({ http: { port: 9000, path: '/up?a=1', status: '200-299' } })).toEqual([
      'option httpchk',
      'http-check send meth GET uri /up?a=1 ver HTTP/1.1 hdr Host localhost',
      'http-check expect status 200-299',
      'timeout check 2000ms',
      'default-server check fall 2 rise 1 inter 1000ms port 9000',
    ]);
    expect(checksOf({ tcp: 8080, interval: 1000, retries: 2 })).toEqual([
      'timeout check 2000ms',
      'default-server check fall 2 rise 1 inter 500ms',
    ]);
    expect(checksOf({ exec: ['true'] })).toEqual([
      'default-server check fall 2 rise 1 inter 1000ms',
    ]);
  });
});

/** Lines of one text that the other lacks. */
function added(text: string, other: string): string[] {
  const known = new Set(other.split('\n'));
  return text.split('\n').flatMap((line) => (known.has(line) ? [] : [line.trim()]));
}

describe('haproxyConfig', () => {
  it('writes one server line per upstream', () => {
    expect(haproxyConfig('shop', farm({}), upstreams)).toMatchInlineSnapshot(`
      "# farm shop, written by baleine: change baleine.yaml instead
      global
          log stdout format raw local0 notice
          stats socket /dev/shm/proxy.sock mode 600 level admin
          close-spread-time infinite
          uid 65534
          gid 65534

      defaults
          mode http
          log global
          option redispatch 1
          retries 3
          retry-on conn-failure empty-response response-timeout
          timeout connect 2s
          timeout client 30s
          timeout server 30s
          timeout http-request 10s
          option forwardfor
          timeout http-keep-alive 10s

      frontend shop
          bind :80
          http-after-response set-header connection close if { stopping }
          default_backend shop-servers

      backend shop-servers
          balance roundrobin
          default-server check fall 2 rise 1 inter 1000ms
          server shop-server-1 10.77.2.2:8080
          server shop-server-2 10.77.2.3:8080
      "
    `);
  });

  it('renders the options', () => {
    const options = {
      ...{ sticky: 'cookie', access_log: true, tls: { listen: 8443, redirect: true, files: [] } },
      publish: [{ host_ip: '0.0.0.0', published: 443, target: 8443, proxy_protocol: true }],
      snippets: { global: 'maxconn 9', defaults: 'timeout queue 1s\n\n  fullconn 5', backend: 'x' },
    };
    const text = haproxyConfig('shop', farm(options), upstreams, '/etc/x.pem');
    expect(added(text, haproxyConfig('shop', farm({}), upstreams))).toEqual([
      'log stdout format raw local0 info',
      'maxconn 9',
      'option httplog',
      'option dontlognull',
      'timeout queue 1s',
      'fullconn 5',
      'bind :8443 ssl crt /etc/x.pem ssl-min-ver TLSv1.2 alpn h2,http/1.1 accept-proxy',
      'http-request redirect location https://%[req.hdr(host),field(1,:)]:8443%[capture.req.uri] code 301 unless { ssl_fc }',
      'http-request set-header X-Forwarded-Proto https if { ssl_fc }',
      'cookie baleine insert indirect nocache httponly',
      'x',
      'server shop-server-1 10.77.2.2:8080 cookie shop-server-1',
      'server shop-server-2 10.77.2.3:8080 cookie shop-server-2',
    ]);
  });

  it('has no HTTP options in mode tcp', () => {
    const text = haproxyConfig('shop', farm({ mode: 'tcp', sticky: 'source' }), upstreams);
    expect(text).not.toMatch(/http|retry-on|forwardfor/);
    expect(text).toMatch(/mode tcp.*timeout client 1h.*hash-type consistent/s);
  });

  it('does not change the user if the proxy is not root, and serves statistics on request', () => {
    const text = haproxyConfig('shop', farm({ user: '1000:1000', stats: 8404 }), upstreams);
    expect(text).not.toContain('uid');
    expect(text).toContain(
      'listen stats\n    bind :8404\n    mode http\n    stats enable\n    stats uri /\n',
    );
  });

  it.skipIf(lackingAny('haproxy'))('is accepted by HAProxy', () => {
    const folder = mkdtempSync(join(tmpdir(), 'baleine-haproxy-'));
    try {
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(file, haproxyConfig('shop', farm({ stats: 8404 }), upstreams));
      execFileSync('/usr/sbin/haproxy', ['-c', '-f', file], { stdio: 'pipe' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
