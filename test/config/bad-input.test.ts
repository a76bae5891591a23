import { describe, expect, it } from 'vitest';
import { complaint, places, withBridges, withContainer } from './read.js';

const NAME_RULE =
  'must be 1 to 63 lower-case letters, digits, "_" or "-", the first a letter or digit';
const LONG = 'a'.repeat(62);

describe('names', () => {
  it.each(['../x', '-x', 'a b', 'a\\nlink del eth0', 'v%d', 'X', '', 'a.b', 'é', 'a'.repeat(64)])(
    '"%s" is no name',
    (name) => {
      const shown = name.replace('\\n', '\n');
      const value = JSON.stringify(shown);
      expect(places(`name: "${name}"`)).toEqual([
        `1:7: name ${NAME_RULE}, not ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`,
      ]);
      if (name === '') return;
      expect(places(`name: x\nvolumes: { "${name}": {} }`)).toEqual([
        `2:12: the key ${value} in volumes ${NAME_RULE}`,
      ]);
    },
  );
});

describe('one container', () => {
  it.each<[string, ...string[]]>([
    [
      'publish: ["80:http"]',
      '5:15: containers.web.publish[0] must be [[HOST_IP:]PORT:]CONTAINER_PORT[/udp], as 127.0.0.1:8080:80, not "80:http"',
    ],
    ['publish: ["80:80/sctp"]', '5:15: port 80/sctp cannot be published: only TCP and UDP can'],
    [
      'publish: ["[1::2::3]:80:80", "8000-8002:80-81", "9-8:9", "1.2.3.400:1:1"]',
      '5:15: [1::2::3] is no IPv6 address',
      '5:34: the ranges 8000-8002 and 80-81 differ in length',
      '5:53: 9-8 is no port or range, 1 to 65535, of at most 1024',
      '5:62: 1.2.3.400 is no IPv4 address',
    ],
    [
      'publish: [{ target: 53, protocol: udp, proxy_protocol: true }]',
      '5:5: a container that publishes ports must be on a bridge where the host has an address',
      '5:60: proxy_protocol is for TCP connections',
    ],
    ['command: 3', '5:14: containers.web.command must be a list or text, not 3'],
    [
      'command: [[a]]',
      '5:15: containers.web.command[0] must be text; "" for an empty one, not a list',
    ],
    ['command: ""', '5:14: containers.web.command must not be empty, not ""'],
    ['replicas: -1', '5:15: containers.web.replicas must be a whole number from 0 to 1000, not -1'],
    ['environment: [1]', '5:19: containers.web.environment[0] must be KEY=VALUE, not 1'],
    ['environment: [A=1, A=2]', '5:24: containers.web.environment gives A twice'],
    [
      'environment: { "A=B": c }',
      '5:20: the key "A=B" in containers.web.environment must be the name of a variable, without "=" or spaces',
    ],
    ['environment: { A: "\\0" }', '5:23: text must not hold a NUL character'],
    ['limits: { memory: 3M }', '5:23: memory must be at least 4M'],
    [
      'limits: { memory: 64Q }',
      '5:23: containers.web.limits.memory must be a size: 64M, 1.5G, or a whole number of bytes, not "64Q"',
    ],
    ['limits: { memory: 9999999999T }', '5:23: containers.web.limits.memory is too large'],
    [
      'limits: { cpus: 0 }',
      '5:21: containers.web.limits.cpus must be a number of CPUs, at least 0.01, not 0',
    ],
    [
      'limits: { cpus: 1e999 }',
      '5:21: containers.web.limits.cpus must be a number of CPUs, at least 0.01, not "1e999"',
    ],
    [
      'limits: { pids: 12345678901234567890 }',
      '5:21: containers.web.limits.pids must be a whole number from 1 to 4194304, not "12345678901234567890"',
    ],
    ['limits: { memory: 12345678901234567890 }', '5:23: containers.web.limits.memory is too large'],
    [
      'limits: { cpuset: "0-" }',
      '5:23: containers.web.limits.cpuset must be a list of CPUs such as "0-1,3", not "0-"',
    ],
    ['limits: { cpuset: 3-1 }', '5:23: the CPUs 3-1 contain a range that ends before it begins'],
    [
      'limits: { pids: 0 }',
      '5:21: containers.web.limits.pids must be a whole number from 1 to 4194304, not 0',
    ],
    ['limits: { net_prio: 1 }', '5:15: unknown key "net_prio" in containers.web.limits'],
    [
      'restart: on-failure:0',
      '5:14: containers.web.restart must be no, always, unless-stopped, on-failure or on-failure:N, not "on-failure:0"',
    ],
    ['stop_signal: SIGTREM', '5:18: unknown signal "SIGTREM"'],
    ['stop_signal: 65', '5:18: unknown signal 65'],
    ['stop_signal: RTMIN-1', '5:18: unknown signal "RTMIN-1"'],
    [
      'stop_grace_period: 10',
      '5:24: containers.web.stop_grace_period must be a duration: 10s, 1m30s, 500ms, not 10',
    ],
    ['stop_grace_period: 25h', '5:24: containers.web.stop_grace_period is more than 24h'],
    ['cap_add: [NET_ADMN]', '5:15: unknown capability "NET_ADMN"'],
    [
      'security: strict',
      '5:15: containers.web.security must be one of default, restricted, unconfined, not "strict"',
    ],
    [
      'security: restricted',
      '5:15: security: restricted requires a user other than root; there is none',
    ],
    [
      'security: restricted\nuser: root:www',
      '5:15: security: restricted requires a user other than root; not "root:www"',
    ],
    [
      'security: restricted\nuser: ":44"',
      '5:15: security: restricted requires a user other than root; not ":44"',
    ],
    ['user: "99999999999:"', '5:11: 99999999999 is no id, 0 to 4294967294'],
    ['user: "1:4294967295"', '5:11: 4294967295 is no id, 0 to 4294967294'],
    [
      'user: ":"',
      '5:11: containers.web.user must be a user: 1000, "1000:1000", www-data or www-data:www-data, not ":"',
    ],
    [
      'security: restricted\nuser: 0',
      '5:15: security: restricted requires a user other than root; not "0"',
    ],
    [
      'user: "-x"',
      '5:11: containers.web.user must be a user: 1000, "1000:1000", www-data or www-data:www-data, not "-x"',
    ],
    [
      'working_dir: srv',
      '5:18: containers.web.working_dir must be an absolute path without "..", not "srv"',
    ],
    [
      'working_dir: /srv/../etc',
      '5:18: containers.web.working_dir must be an absolute path without "..", not "/srv/../etc"',
    ],
    [
      'sysctls: { vm.swappiness: 1 }',
      '5:16: the key "vm.swappiness" in containers.web.sysctls must be a sysctl that a container has for itself: net.*, kernel.shm*, kernel.msg*, kernel.sem or fs.mqueue.*',
    ],
    [
      'sysctls: { kernel.domainname: x }',
      expect.stringContaining('5:16: the key "kernel.domainname"'),
    ],
    [
      'ulimits: { nofil: 1 }',
      '5:16: the key "nofil" in containers.web.ulimits must be one of as, core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack',
    ],
    [
      'ulimits: { nofile: { soft: 2, hard: 1 } }',
      '5:24: the soft limit 2 is above the hard limit 1',
    ],
    [
      'volumes: [data]',
      '5:15: containers.web.volumes[0] must be SOURCE:TARGET or SOURCE:TARGET:OPTIONS with the options ro, rw and nocopy, not "data"',
    ],
    ['volumes: [data:/x]', '5:15: unknown volume "data"'],
    ['volumes: ["~/a:/x"]', '5:15: "~/a" is neither a volume nor a path'],
    ['volumes: [./a:x]', '5:15: the mount target "x" is not an absolute path without ".."'],
    [
      'volumes: [./a:/x/../y]',
      '5:15: the mount target "/x/../y" is not an absolute path without ".."',
    ],
    ['volumes: [./a:/x, ./b:/x/]', '5:23: two mounts on /x'],
    ['volumes: [./a:/x]\ntmpfs: [/x]', '6:13: two mounts on /x'],
    ['volumes: [./a:/]', '5:15: nothing can be mounted on /'],
    ['volumes: [./a://proc/x]', '5:15: nothing can be mounted on /proc/x'],
    ['tmpfs: /dev', '5:12: nothing can be mounted on /dev'],
    [
      'tmpfs: [run]',
      '5:13: containers.web.tmpfs[0] must be an absolute path without "..", not "run"',
    ],
    [
      'dns: [::1]',
      '5:11: containers.web.dns[0] must be an IPv4 address such as 10.77.1.10, not "::1"',
    ],
    [
      'hostname: a_-',
      '5:15: containers.web.hostname must be a host name of letters, digits, "-", "_" and ".", at most 64 characters, not "a_-"',
    ],
    [
      'runtime: ../runc',
      '5:14: containers.web.runtime must be a runtime such as crun, or its absolute path, not "../runc"',
    ],
    ['logs: { max_size: 1 }', '5:23: a log must have at least 4K'],
    ['bridges: [x, x]', '5:14: containers.web.bridges must not name the same twice'],
    ['bridges: 3', '5:14: containers.web.bridges must be a list or a mapping, not 3'],
    ['depends_on: [web]', '5:18: depends_on forms a cycle: web → web'],
    ['depends_on: [db]', '5:18: unknown container "db"'],
    [
      'depends_on: { web: { condition: ready } }',
      '5:37: containers.web.depends_on.web.condition must be one of service_started, service_healthy, service_completed_successfully, not "ready"',
    ],
  ])('%s', (keys, ...expected) => {
    expect(places(withContainer(keys))).toEqual(expected);
  });
});

describe('images', () => {
  it.each([
    ['{}', '2:11: images.a needs a key "from"'],
    ['{ external: true, size: 1M }', '2:14: images.a must have no other key beside external: true'],
    ['{ external: false }', '2:11: images.a needs a key "from"'],
    [
      '{ from: {} }',
      '2:22: images.a.from must have exactly one of debian, tar, directory, host, image, docker, oci, registry, dockerfile',
    ],
    ['{ from: { ocl: x } }', '2:24: unknown key "ocl" in images.a.from'],
    [
      '{ from: { dockerfile: { context: ., file: x, inline: y } } }',
      '2:59: a build has either a file or its text inline',
    ],
    [
      '{ from: { dockerfile: { context: ., extra_hosts: ["a:host-gateway"] } } }',
      '2:64: "host-gateway" is no address',
    ],
    [
      '{ from: { dockerfile: { context: ., additional_contexts: { a: docker-image://b } } } }',
      '2:76: "docker-image://b" is no folder of this host',
    ],
    [
      '{ from: { dockerfile: { context: ., network: bridge } } }',
      '2:59: images.a.from.dockerfile.network must be host or none, not "bridge"',
    ],
    [
      '{ from: { dockerfile: { context: ., ulimits: { nofile: { soft: 2, hard: 1 } } } } }',
      '2:69: the soft limit 2 is above the hard limit 1',
    ],
    ['{ from: { image: b } }', '2:31: unknown image "b"'],
    ['{ from: { image: a } }', '2:31: images are based on each other: a → a'],
    ['{ from: { tar: x }, size: 9 }', '2:40: an image has at least 1M'],
    [
      '{ from: { debian: { suite: --help } } }',
      '2:41: images.a.from.debian.suite must be a Debian release such as bookworm, not "--help"',
    ],
    [
      '{ from: { host: { binaries: [] } } }',
      '2:42: images.a.from.host.binaries must list at least one program',
    ],
    [
      '{ from: { tar: x }, copy: [{ from: a, to: /b, mode: 0644 }] }',
      '2:66: images.a.copy[0].mode must be an octal mode in quotes, such as "0644", not 644',
    ],
  ])('%s', (image, message) => {
    const found = places(`name: x\nimages: { a: ${image} }`);
    expect(found).toContain(message);
  });

  it('are not built from each other in a cycle', () => {
    const images = 'a: {from: {image: b}}, b: {from: {image: c}}, c: {from: {image: a}}';
    expect(places(`name: x\nimages: {${images}}`)).toEqual([
      '2:28: images are based on each other: a → b → c → a',
    ]);
  });
});

describe('bridges', () => {
  it.each<[string, ...string[]]>([
    ['a: { subnet: 10.0.0.1/24 }', '3:25: 10.0.0.1/24 has bits set behind its prefix'],
    [
      'a: { subnet: 10.0.0.0 }',
      '3:25: bridges.a.subnet must be an IPv4 subnet such as 10.77.1.0/24, or auto, not "10.0.0.0"',
    ],
    ['a: { subnet: 10.0.0.0/31 }', '3:25: 10.0.0.0/31 is not from /8 to /30'],
    ['a: { subnet: 0.0.0.0/0 }', '3:25: 0.0.0.0/0 is not from /8 to /30'],
    [
      'a: { subnet: 127.1.0.0/16 }',
      '3:25: 127.1.0.0/16 is in 127.0.0.0/8, which is no network of hosts',
    ],
    [
      'a: { subnet: 239.0.0.0/8 }',
      '3:25: 239.0.0.0/8 is in 224.0.0.0/3, which is no network of hosts',
    ],
    ['a: { subnet: 10.0.0.0/24, host: 10.0.1.1 }', '3:44: 10.0.1.1 is outside 10.0.0.0/24'],
    [
      'a: { subnet: 10.0.0.0/24, host: 10.0.0.0 }',
      '3:44: 10.0.0.0 is the network address of 10.0.0.0/24',
    ],
    [
      'a: { subnet: 10.0.0.0/24, host: 10.0.0.255 }',
      '3:44: 10.0.0.255 is the broadcast address of 10.0.0.0/24',
    ],
    [
      'a: { subnet: 10.0.0.0/24, host: 010.0.0.1 }',
      '3:44: bridges.a.host must be an IPv4 address such as 10.77.1.10, or auto, not "010.0.0.1"',
    ],
    ['a: { host: 10.0.0.1 }', '3:23: a host address needs a subnet'],
    ['a: { isolated: true, uplink: eth0 }', '3:33: an isolated bridge has no uplink'],
    [
      'a: { isolated: true, subnet: 10.0.0.0/24, host: 10.0.0.1 }',
      '3:54: an isolated bridge has no host',
    ],
    [
      'a: { uplink: v%d }',
      '3:25: bridges.a.uplink must be the name of a network interface, at most 15 characters, not "v%d"',
    ],
    ['a: { uplink: eth0 }, b: { uplink: eth0 }', '3:46: eth0 is already in bridges.a'],
    [
      'a: { subnet: 10.0.0.0/24 }, b: { subnet: 10.0.0.128/25 }',
      '3:53: 10.0.0.128/25 overlaps 10.0.0.0/24 of bridges.a',
    ],
    [
      'a: { external: true, subnet: 10.0.0.0/24 }',
      '3:15: bridges.a must have no other key beside external: true',
    ],
    [
      'a: { external: true, name: b, subnet: 10.0.0.0/24 }',
      '3:15: bridges.a must have no other key beside external: true and name',
    ],
    ['a: { name: b }', '3:15: bridges.a has a name of its own only with external: true'],
    [
      'a: { external: true, name: A }',
      '3:39: bridges.a.name must be 1 to 63 lower-case letters, digits, "_" or "-", the first a letter or digit, not "A"',
    ],
  ])('%s', (bridges, ...expected) => {
    expect(places(withBridges(bridges))).toEqual(expected);
  });
});

describe('containers on bridges', () => {
  const BRIDGES =
    'back: { subnet: 10.0.0.0/24, host: 10.0.0.1 }, flat: {}, old: { external: true }';
  const on = (containers: string) => places(withBridges(BRIDGES, containers));
  const one = (attachment: string) => on(`a: { image: base, bridges: { ${attachment} } }`);

  it.each([
    ['back: { address: 10.0.1.4 }', '10.0.1.4 is outside 10.0.0.0/24'],
    ['back: { address: 10.0.0.0 }', '10.0.0.0 is the network address of 10.0.0.0/24'],
    ['back: { address: 10.0.0.255 }', '10.0.0.255 is the broadcast address of 10.0.0.0/24'],
    ['back: { address: 10.0.0.1 }', '10.0.0.1 is the address of the host on bridges.back'],
    ['flat: { address: 10.0.0.2 }', 'bridges.flat has no subnet, so no address on it'],
  ])('%s', (attachment, message) => expect(one(attachment)).toEqual([`5:49: ${message}`]));

  it.each([
    ['01:00:00:00:00:01', '01:00:00:00:00:01 is a multicast address'],
    ['ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff is a multicast address'],
    ['00:00:00:00:00:00', '00:00:00:00:00:00 is no address'],
    [
      '02:00:00:00:00',
      'containers.a.bridges.back.mac must be a MAC address such as 02:42:0a:4d:02:0a, not "02:00:00:00:00"',
    ],
  ])('MAC %s', (mac, message) => {
    expect(one(`back: { mac: "${mac}" }`)).toEqual([`5:45: ${message}`]);
  });

  it('have unique addresses and MACs', () => {
    const attach = (bridge: string) => `${bridge}: { address: 10.0.0.7, mac: "02:00:00:00:00:0A" }`;
    const same = (name: string, bridge: string) =>
      `${name}: { image: base, bridges: { ${attach(bridge)} } }`;
    expect(on([same('a', 'back'), same('b', 'back'), same('c', 'old')].join('\n'))).toEqual([
      '6:49: 10.0.0.7 is already used by containers.a',
      '6:64: 02:00:00:00:00:0a is already used by containers.a',
    ]);
  });

  it('do not share what only one of them can have', () => {
    expect(
      on(
        'a: { image: base, replicas: 2, bridges: { back: { address: 10.0.0.7, mac: "02:00:00:00:00:01" } } }',
      ),
    ).toEqual([
      '5:62: 2 replicas cannot share one address',
      '5:77: 2 replicas cannot share one mac',
    ]);
  });

  it('fit into the subnet and onto the bridge', () => {
    const bridges = 'back: { subnet: 10.0.0.0/29, host: 10.0.0.1 }';
    const many = (count: number) => `a: { image: base, replicas: ${count}, bridges: [back] }`;
    expect(places(withBridges(bridges, many(6)))).toEqual([
      '3:28: 6 containers join bridges.back, which has 5 addresses for them',
    ]);
    const two = `${many(600)}\n${many(424).replace('a', 'b')}`;
    expect(places(withBridges('back: { subnet: 10.0.0.0/16 }', two))).toEqual([
      '3:12: 1024 containers join bridges.back; a bridge has 1023 ports',
    ]);
  });
});

describe('names of containers', () => {
  const containers = (text: string) => places(withBridges('b: { subnet: 10.0.0.0/24 }', text));
  const farm = `farms:
  shop:
    servers: { image: base, port: 80, replicas: 2, bridges: [b] }
    proxy: { image: base, listen: 80, bridges: [b] }
`;

  it('are unique with their numbers', () => {
    expect(containers('db: { image: base, replicas: 2 }\ndb-1: { image: base }')).toEqual([
      '6:3: containers.db-1 and containers.db both make a container "db-1"',
    ]);
    expect(containers('db: { image: base, replicas: 1 }\ndb-1: { image: base }\nx: 1')).toEqual([
      '7:6: containers.x must be a mapping, not 1',
    ]);
  });

  it('are unique among those of farms', () => {
    const text = withBridges(
      'b: { subnet: 10.0.0.0/24 }',
      'shop-server-2: { image: base }\nshop-proxy: { image: base }',
    );
    expect(places(text + farm)).toEqual([
      '9:5: farms.shop.servers and containers.shop-server-2 both make a container "shop-server-2"',
      '10:5: farms.shop.proxy and containers.shop-proxy both make a container "shop-proxy"',
    ]);
  });

  it('are not too long with their numbers', () => {
    expect(containers(`${LONG}: { image: base, replicas: 2 }`)).toEqual([
      `5:3: containers.${LONG} makes a container "${LONG}-2", longer than 63 characters`,
    ]);
  });
});

describe('farms', () => {
  const farm = (servers: string, proxy: string) =>
    places(
      `${withBridges('a: { subnet: 10.0.0.0/24 }, b: { subnet: 10.0.1.0/24 }, c: {}', 'x: { image: base }')}farms:
  shop:
    servers: { image: base, port: 80${servers} }
    proxy: { image: base, listen: 80${proxy} }
`,
    );

  it.each([
    [
      ', bridges: [c]',
      ', bridges: [c]',
      '8:5: the servers of farms.shop need a bridge with a subnet',
    ],
    ['', '', '8:5: the servers of farms.shop need a bridge with a subnet'],
    [
      ', bridges: [a]',
      ', bridges: [b]',
      '9:5: the proxy of farms.shop shares no bridge with its servers',
    ],
    [', bridges: [a]', ', bridges: [a], stats: 80', '9:60: port 80 is already used by the proxy'],
    [
      ', bridges: [a]',
      ', bridges: [a], tls: { certificate: ./x.pem, listen: 80 }',
      '9:90: port 80 is already used by the proxy',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], tls: { certificate: ./x.pem }, stats: 443',
      '9:91: port 443 is already used by the proxy',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], tls: { key: ./x.pem }',
      '9:53: farms.shop.proxy.tls needs a key "certificate"',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], mode: tcp, sticky: cookie',
      '9:72: mode tcp has no cookies',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], mode: tcp, tls: { certificate: ./x.pem, redirect: true }',
      '9:103: mode tcp has no redirections',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], sticky: source, balance: leastconn',
      '9:61: sticky: source sets how to balance, and so does balance: leastconn',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], sticky: always',
      '9:61: farms.shop.proxy.sticky must be one of cookie, source, not "always"',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], snippets: { global: "listen x" }',
      '9:73: a snippet extends its section; "listen x" starts another',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], snippets: { front: "" }',
      '9:65: unknown key "front" in farms.shop.proxy.snippets',
    ],
    [
      ', bridges: [a]',
      ', bridges: [a], replicas: 2',
      '9:53: unknown key "replicas" in farms.shop.proxy',
    ],
    [
      ', bridges: [a], publish: 80',
      ', bridges: [a]',
      '8:62: farms.shop.servers.publish must be a list, not 80',
    ],
  ])('servers%s proxy%s', (servers, proxy, message) => {
    expect(farm(servers, proxy)).toEqual([message]);
  });
});

describe('all problems of a file', () => {
  it('are reported at once, in order, with a hint', () => {
    const text = `name: shop
images:
  base: { from: { tar: base.tar } }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  web:
    imgae: base
  db:
    image: bse
    bridges: [frnt]
    stop_signal: TERN
    command: 3
  cache:
    image: redis
    volumes: [data:/data]
`;
    expect(complaint(text)).toBe(`baleine.yaml:7:3: containers.web needs a key "image"
    web:
    ^

baleine.yaml:8:5: unknown key "imgae" in containers.web
      imgae: base
      ^
did you mean "image"?

baleine.yaml:10:12: unknown image "bse"
      image: bse
             ^
did you mean "base"?

baleine.yaml:11:15: unknown bridge "frnt"
      bridges: [frnt]
                ^
did you mean "front"?

baleine.yaml:12:18: unknown signal "TERN"
      stop_signal: TERN
                   ^
did you mean "SIGTERM"?

baleine.yaml:13:14: containers.db.command must be a list or text, not 3
      command: 3
               ^

baleine.yaml:15:12: unknown image "redis"
      image: redis
             ^
declare it under images; if it was created imperatively: images: { redis: { external: true } }

baleine.yaml:16:15: unknown volume "data"
      volumes: [data:/data]
                ^
declare it: volumes: { data: {} }`);
  });

  it('are found even if a name or a section is wrong', () => {
    expect(places('name: X\nimages: 3\ncontainers: { a: { image: b } }')).toEqual([
      expect.stringContaining('1:7: name must be'),
      '2:9: images must be a mapping, not 3',
      '3:27: unknown image "b"',
    ]);
  });
});
