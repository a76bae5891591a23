import { execFileSync } from 'node:child_process';
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toQuadlet } from '../../src/convert/quadlet/index.js';
import { calendarOf } from '../../src/convert/quadlet/timer.js';
import { word, words } from '../../src/convert/quadlet/unit.js';
import type { Converted } from '../../src/convert/stack.js';
import { lackingAny } from '../support/skip.js';
import { EXAMPLES, exampleOf, inputOf, outputWith, SHOP, textOf } from './convert.js';

/** podman-systemd.unit(5) of Podman 5.4, and of systemd what is used. */
const KEYS: Record<string, readonly string[]> = {
  Container: (
    'AddCapability AddDevice AddHost Annotation AutoUpdate CgroupsMode ContainerName ' +
    'ContainersConfModule DNS DNSOption DNSSearch DropCapability Entrypoint Environment ' +
    'EnvironmentFile EnvironmentHost Exec ExposeHostPort GIDMap GlobalArgs Group GroupAdd ' +
    'HealthCmd HealthInterval HealthLogDestination HealthMaxLogCount HealthMaxLogSize ' +
    'HealthOnFailure HealthRetries HealthStartPeriod HealthStartupCmd HealthStartupInterval ' +
    'HealthStartupRetries HealthStartupSuccess HealthStartupTimeout HealthTimeout HostName ' +
    'IP IP6 Image Label LogDriver LogOpt Mask Mount Network NetworkAlias NoNewPrivileges ' +
    'Notify PidsLimit Pod PodmanArgs PublishPort Pull ReadOnly ReadOnlyTmpfs RemapGid ' +
    'RemapUid RemapUidSize RemapUsers Rootfs RunInit SeccompProfile Secret ' +
    'SecurityLabelDisable SecurityLabelFileType SecurityLabelLevel SecurityLabelNested ' +
    'SecurityLabelType ServiceName ShmSize StartWithPod StopSignal StopTimeout SubGIDMap ' +
    'SubUIDMap Sysctl Timezone Tmpfs UIDMap Ulimit Unmask User UserNS VolatileTmp Volume ' +
    'WorkingDir'
  ).split(' '),
  Network: (
    'ContainersConfModule DNS DisableDNS Driver Gateway GlobalArgs IPAMDriver IPRange IPv6 ' +
    'Internal Label NetworkName Options PodmanArgs ServiceName Subnet'
  ).split(' '),
  Volume: (
    'ContainersConfModule Copy Device Driver GlobalArgs Group Image Label Options ' +
    'PodmanArgs ServiceName Type User VolumeName'
  ).split(' '),
  Image: (
    'AllTags Arch AuthFile CertDir ContainersConfModule Creds DecryptionKey GlobalArgs ' +
    'Image ImageTag OS PodmanArgs ServiceName TLSVerify Variant'
  ).split(' '),

  Unit: ['Description', 'After', 'Requires', 'Wants', 'BindsTo'],
  Service: (
    'Type RemainAfterExit Restart RestartSec TimeoutStartSec TimeoutStopSec ExecStartPre ' +
    'ExecStartPost ExecStop'
  ).split(' '),
  Timer: ['OnCalendar', 'Persistent'],
  Install: ['WantedBy'],
};

/** The section that a unit of this kind must have. */
const MAIN: Record<string, string> = {
  container: 'Container',
  network: 'Network',
  volume: 'Volume',
  image: 'Image',
  timer: 'Timer',
};

type Sections = Map<string, [key: string, value: string][]>;

function sectionsOf(text: string): Sections {
  const sections: Sections = new Map();
  let section: [string, string][] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const name = /^\[(\w+)\]$/.exec(line)?.[1];
    if (name !== undefined) {
      section = [];
      sections.set(name, section);
    } else section.push([line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  }
  return sections;
}

/** What a unit has that its reader does not know. */
function errorsOf({ files }: Converted): string[] {
  return files.flatMap(({ name, text }) => {
    const main = MAIN[name.replace(/.*\./, '')];
    if (name.startsWith('configs/')) return [];
    const sections = sectionsOf(text);
    if (main === undefined || !sections.has(main)) return [`${name} has no section ${main}`];
    const others = ['Container', 'Network', 'Volume', 'Image', 'Timer'].filter(
      (each) => each !== main,
    );
    return [...sections].flatMap(([section, lines]) => [
      ...(others.includes(section) ? [`${name}: [${section}]`] : []),
      ...lines.flatMap(([key]) =>
        KEYS[section]?.includes(key) ? [] : [`${name}: [${section}] ${key}`],
      ),
    ]);
  });
}

/**
 * Words as Quadlet splits a value and systemd then reads the command line: quotes and escapes of C,
 * `%%`, `$$` (systemd.service(5), "Quoting").
 */
function read(value: string): string[] {
  const found: string[] = [];
  let [current, quoted, at] = [undefined as string | undefined, false, 0];
  while (at < value.length) {
    const each = value[at] as string;
    at += 1;
    if (each === '"') {
      quoted = !quoted;
      current ??= '';
    } else if (each === '\\') {
      const [, code = ''] = /^(u[0-9a-f]{4}|.)/s.exec(value.slice(at)) ?? [];
      at += code.length;
      const named = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"' }[code];
      current =
        (current ?? '') + (named ?? String.fromCodePoint(Number.parseInt(code.slice(1), 16)));
    } else if (/\s/.test(each) && !quoted) {
      if (current !== undefined) found.push(current);
      current = undefined;
    } else current = (current ?? '') + each;
  }
  if (quoted) throw new Error(`an open quote in ${value}`);
  if (current !== undefined) found.push(current);
  return found.map((each) => {
    if (/%(?!%)/.test(each.replaceAll('%%', ''))) throw new Error(`a specifier in ${each}`);
    if (/\$/.test(each.replaceAll('$$', ''))) throw new Error(`a variable in ${each}`);
    return each.replaceAll('%%', '%').replaceAll('$$', '$');
  });
}

const unitOf = (made: Converted, name: string) => sectionsOf(textOf(made, name));

const valuesOf = (sections: Sections, section: string, key: string) =>
  (sections.get(section) ?? []).flatMap(([each, value]) => (each === key ? [value] : []));

/** A stack of one container with these keys, and its unit. */
function withKeys(keys: string): {
  made: Converted;
  of: (section: string, key: string) => string[];
} {
  const made = toQuadlet(
    inputOf(
      `name: s\nimages: { a: { from: { registry: a } } }\ncontainers:\n  c:\n    image: a\n${keys.replaceAll(/^/gm, '    ')}\n`,
    ),
  );
  expect(errorsOf(made)).toEqual([]);
  const sections = unitOf(made, 's-c.container');
  return { made, of: (section, key) => valuesOf(sections, section, key) };
}

describe('convert --to quadlet', () => {
  it('writes units, and the files that they mount', () => {
    const made = toQuadlet(inputOf(SHOP));
    const units = made.files.filter(({ name }) => !/server-[23]/.test(name));
    expect(units.map(({ name, text }) => `# ${name}\n${text}`).join('')).toMatchInlineSnapshot(`
      "# configs/shop-motd
      costs $5
      # shop-db_1.container
      [Unit]
      Description=shop-db_1

      [Container]
      Image=app
      ContainerName=shop-db_1
      Exec=serve "a b" 100%% "$$HOME"
      Network=shop-back.network:alias=db_1
      Volume=shop-data.volume:/data
      Volume=/srv/shop/conf:/conf:ro
      Secret=shop-token,type=mount,target=/run/secrets/token,mode=0400,uid=1000,gid=1000
      Volume=./configs/shop-motd:/motd:ro
      Environment="A=it's \\"x\\""
      Environment=NUMBER=0x1F
      User=1000
      Group=1000
      PidsLimit=100
      PodmanArgs=--memory=67108864
      PodmanArgs=--memory-swap=67108864
      PodmanArgs=--cpus=0.5
      HealthCmd=["ping","db"]
      HealthInterval=10s
      HealthTimeout=2s
      HealthRetries=3
      HealthStartPeriod=0s
      HealthOnFailure=kill
      StopTimeout=30
      NoNewPrivileges=true
      ReadOnly=true
      Tmpfs=/cache:size=1m
      Label=team=a

      [Service]
      Restart=always
      RestartSec=5s
      TimeoutStopSec=40s
      TimeoutStartSec=900s

      [Install]
      WantedBy=multi-user.target default.target
      # shop-shop-server-1.container
      [Unit]
      Description=shop-shop-server-1

      [Container]
      Image=nginx:1.27
      ContainerName=shop-shop-server-1
      Network=shop-back.network:alias=shop-server-1,alias=shop-server
      PidsLimit=2048
      StopTimeout=10
      NoNewPrivileges=true

      [Service]
      Restart=always
      RestartSec=5s
      TimeoutStopSec=20s
      TimeoutStartSec=900s

      [Install]
      WantedBy=multi-user.target default.target
      # configs/shop-shop-proxy-haproxy.cfg
      # farm shop, written by baleine: change baleine.yaml instead
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
          cookie baleine insert indirect nocache httponly
          option httpchk
          http-check send meth GET uri /ok ver HTTP/1.1 hdr Host localhost
          http-check expect status 200-399
          timeout check 2000ms
          default-server check fall 2 rise 1 inter 1000ms
          server shop-server-1 "shop-server-1:80" resolvers names init-addr none cookie shop-server-1
          server shop-server-2 "shop-server-2:80" resolvers names init-addr none cookie shop-server-2
          server shop-server-3 "shop-server-3:80" resolvers names init-addr none cookie shop-server-3

      resolvers names
          parse-resolv-conf
          accepted_payload_size 8192
          timeout resolve 1s
          timeout retry 1s
          hold valid 1s
      # shop-shop-proxy.container
      [Unit]
      Description=shop-shop-proxy

      [Container]
      Image=app
      ContainerName=shop-shop-proxy
      Entrypoint=["haproxy","-W","-db","-f","/etc/baleine/haproxy.cfg"]
      Network=shop-front.network:alias=shop-proxy,alias=shop
      Network=shop-back.network:alias=shop-proxy,alias=shop
      PublishPort=8080:80
      User=0
      Group=0
      PidsLimit=2048
      StopTimeout=10
      NoNewPrivileges=true
      Volume=./configs/shop-shop-proxy-haproxy.cfg:/etc/baleine/haproxy.cfg:ro

      [Service]
      Restart=always
      RestartSec=5s
      TimeoutStopSec=20s
      TimeoutStartSec=900s

      [Install]
      WantedBy=multi-user.target default.target
      # shop-clean.container
      [Unit]
      Description=shop-clean

      [Container]
      Image=app
      ContainerName=shop-clean
      Exec=clean
      PidsLimit=2048
      HealthCmd=none
      StopTimeout=10
      NoNewPrivileges=true
      Network=none

      [Service]
      Restart=no
      TimeoutStopSec=20s
      Type=oneshot
      TimeoutStartSec=60s
      # shop-clean.timer
      [Unit]
      Description=shop-clean

      [Timer]
      OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 04:30:00
      Persistent=true

      [Install]
      WantedBy=timers.target
      # shop-front.network
      [Network]
      NetworkName=shop-front
      Options=isolate=true
      Subnet=10.9.1.0/24
      Gateway=10.9.1.1
      # shop-back.network
      [Network]
      NetworkName=shop-back
      Options=isolate=true
      Subnet=10.9.2.0/24
      Internal=true
      # shop-data.volume
      [Volume]
      VolumeName=shop-data
      "
    `);
    expect(made.lost).toMatchInlineSnapshot(`
      [
        "baleine.yaml:37:22: farms.shop.servers.healthcheck.http is lost: a check is a command inside the container: give exec",
        "baleine.yaml:44:15: farms.shop.update.parallelism is lost: restart one unit after the other",
        "baleine.yaml:44:44: farms.shop.update.drain is lost: a server has its stop_grace_period for requests in flight",
        "baleine.yaml:44:31: farms.shop.update.monitor is lost: restart one unit after the other",
        "baleine.yaml:46:81: jobs.clean.retries is lost: a run that failed is tried again at its next time",
        "baleine.yaml:9:11: volumes.data.size is lost: a volume of Podman has no quota",
      ]
    `);
    expect(made.notes).toMatchInlineSnapshot(`
      [
        "baleine.yaml:11:3: token must be created first: podman secret create shop-token /srv/shop/token.txt",
        "baleine.yaml:4:3: image app is in no registry: give --registry HOST/PATH and push it: baleine image push app HOST/PATH/app",
        "baleine.yaml:46:3: shop-clean.timer belongs into /etc/systemd/system: systemctl enable --now shop-clean.timer",
        "baleine.yaml:6:3: bridge front has no way out here, and a network of Podman has one unless it is isolated",
      ]
    `);
    expect(errorsOf(made)).toEqual([]);
  });

  it.each(EXAMPLES)('%s has only keys that Quadlet knows', (path) => {
    const made = toQuadlet(exampleOf(path));
    expect(made.files.length).toBeGreaterThan(0);
    expect(errorsOf(made)).toEqual([]);
  });

  it('any text comes back as it was', () => {
    // an empty word ends the list of Podman 5.4
    const text = fc.string({ minLength: 1, unit: 'binary' }).filter((each) => !each.includes('\0'));
    const nasty = fc.constantFrom(
      '%n',
      '%%',
      '$HOME',
      '$$',
      `\${X}`,
      'a b',
      "it's",
      '"',
      '\\',
      'a\\n',
      '\n',
      '\u0085',
      '-',
      '#',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(text, nasty), { minLength: 1 }), (all) => {
        const line = words(all);
        expect(line).not.toMatch(/[\n\r]/);
        expect(line.endsWith('\\')).toBe(false);
        expect(read(line)).toEqual(all);
      }),
    );
  });

  it('writes nasty values of a container so that systemd does not read more than them', () => {
    const { of } = withKeys(
      `command: [sh, -c, "echo $$HOME %n \\"x\\" \\\\ \\n"]\nentrypoint: ["/a b", "100%"]\nenvironment: { A: "%h $$B\\tc" }\nlabels: { l: "it's" }\nhealthcheck: { exec: ["a", "$$x %i"] }`,
    );
    expect(read(of('Container', 'Exec')[0] as string)).toEqual([
      'sh',
      '-c',
      'echo $HOME %n "x" \\ \n',
    ]);
    expect(of('Container', 'Environment').map(read)).toEqual([['A=%h $B\tc']]);
    expect(of('Container', 'Label').map(read)).toEqual([["l=it's"]]);
    expect(of('Container', 'Entrypoint')).toEqual(['["/a b","100%%"]']);
    expect(of('Container', 'HealthCmd')).toEqual(['["a","$$x %%i"]']);
    expect(word('a')).toBe('a');
  });

  it('loses a value that a line cannot have', () => {
    const { made, of } = withKeys('volumes: [{ type: bind, source: "/a\\nUser=0", target: /b }]');
    expect(of('Container', 'Volume')).toEqual([]);
    expect(made.lost).toEqual([
      'baleine.yaml:6:15: containers.c.volumes.0 is lost: a unit file cannot say "/a\\nUser=0:/b"',
    ]);
  });

  it('starts after what it depends on, and when that is healthy or has ended', () => {
    const made = toQuadlet(
      inputOf(`name: s
images: { a: { from: { registry: a } } }
containers:
  db: { image: a, healthcheck: { exec: [x] }, replicas: 2 }
  init: { image: a, restart: "no" }
  web:
    image: a
    depends_on:
      db: { condition: service_healthy }
      init: { condition: service_completed_successfully, required: false }
`),
    );
    expect(errorsOf(made)).toEqual([]);
    expect(unitOf(made, 's-web.container').get('Unit')).toEqual([
      ['Description', 's-web'],
      ['After', 's-db-1.service s-db-2.service'],
      ['Requires', 's-db-1.service s-db-2.service'],
      ['After', 's-init.service'],
      ['Wants', 's-init.service'],
    ]);
    expect(valuesOf(unitOf(made, 's-db-2.container'), 'Container', 'Notify')).toEqual(['healthy']);
    expect(unitOf(made, 's-init.container').get('Service')).toEqual([
      ['Restart', 'no'],
      ['TimeoutStopSec', '20s'],
      ['Type', 'oneshot'],
      ['RemainAfterExit', 'yes'],
      ['TimeoutStartSec', 'infinity'],
    ]);
  });

  it('does not wait for a check that is lost', () => {
    const made = toQuadlet(
      inputOf(`name: s
images: { a: { from: { registry: a } } }
containers:
  db: { image: a, healthcheck: { tcp: 80 } }
  web:
    image: a
    depends_on:
      db: { condition: service_healthy }
`),
    );
    expect(errorsOf(made)).toEqual([]);
    expect(valuesOf(unitOf(made, 's-db.container'), 'Container', 'Notify')).toEqual([]);
    expect(made.notes).toEqual([
      'baleine.yaml:4:3: what depends on db starts as soon as that has started',
    ]);
  });

  it('has limits, hooks and shared namespaces', () => {
    const { of } = withKeys(
      'limits: { memory: 64M, cpus: 0.5, io: [{ device: /dev/vda, read_bps: 1M }] }\npost_start: [{ command: [a, "b c"], user: "1" }]\npre_stop: [{ command: [d] }]\npid: container:x',
    );
    expect(of('Container', 'PodmanArgs')).toEqual([
      '--pid=container:x',
      '--memory=67108864',
      '--memory-swap=67108864',
      '--cpus=0.5',
      '--device-read-bps=/dev/vda:1048576',
    ]);
    expect(of('Service', 'ExecStartPost')).toEqual(['/usr/bin/podman exec --user=1 s-c a "b c"']);
    expect(of('Service', 'ExecStop')).toEqual(['-/usr/bin/podman exec s-c d']);
  });

  it.skipIf(lackingAny('haproxy'))('HAProxy accepts the configuration of a proxy', () => {
    const { files } = toQuadlet(inputOf(SHOP));
    outputWith(files, 'haproxy', '-c', '-f', 'configs/shop-shop-proxy-haproxy.cfg');
  });
});

describe('times of a timer', () => {
  it('are lines of OnCalendar', () => {
    expect(calendarOf('*/20 3 * * mon-fri', 'Europe/Paris')).toEqual([
      'Mon,Tue,Wed,Thu,Fri *-*-* 03:00,20,40:00 Europe/Paris',
    ]);
    expect(calendarOf('0 0 1 * 5')).toEqual(['*-*-01 00:00:00', 'Fri *-*-* 00:00:00']);
    expect(calendarOf('0 0 L * *')).toBeUndefined();
    expect(calendarOf('0 0 * * 5#2')).toBeUndefined();
  });

  const SCHEDULES = [
    '*/7 * * * *',
    '5 4 * * sun',
    '0 */6 1-15/3 feb,mar *',
    '30 2 13 * fri',
    '@weekly',
    '0 0 29 2 *',
    '15 1-5 * 6 1-5',
  ];

  it.skipIf(lackingAny('systemd-analyze')).each(SCHEDULES)(
    '%s is due when it is here',
    (schedule) => {
      const start = new Date('2026-01-01T00:00:30Z');
      const expected = new Cron(schedule, { timezone: 'UTC', mode: '5-part' }).nextRuns(6, start);
      const found = (calendarOf(schedule, 'UTC') as string[]).flatMap((calendar) => {
        const args = [
          'calendar',
          '--iterations=6',
          '--base-time=2026-01-01 00:00:30 UTC',
          calendar,
        ];
        const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
        const text = execFileSync('systemd-analyze', args, {
          encoding: 'utf8',
          env,
          stdio: 'pipe',
        });
        const times = text.matchAll(
          /(?:Next elapse|Iter\. #\d+|Iteration #\d+): \w+ (\S+ \S+) UTC/g,
        );
        return [...times].map(([, time]) =>
          new Date(`${(time as string).replace(' ', 'T')}Z`).getTime(),
        );
      });
      const all = [...new Set(found)].sort((a, b) => a - b).slice(0, 6);
      expect(all).toEqual(expected.map((each) => each.getTime()));
    },
  );
});
