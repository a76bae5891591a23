import { describe, expect, it } from 'vitest';
import { complaint, places, read } from './read.js';

const file = (sections: string, web: string) => `name: x
images: { i: { from: { tar: x } } }
${sections}
containers:
  web: { image: i, ${web} }
`;

const BOTH = 'secrets: { pw: { file: ./pw.txt } }\nconfigs: { motd: { content: hi } }';

it('reads the origins of the sections', () => {
  const config = read(
    `name: x
secrets:
  pw: { file: ./pw.txt }
  token: { environment: TOKEN }
  key: { age: ./key.age, identity: /root/id.txt }
configs:
  nginx.conf: { file: nginx.conf }
  motd: { content: "hi \${NAME}" }
  number: { content: 1.10 }
`,
    { NAME: 'Ann' },
  );
  expect(config.secrets).toEqual({
    pw: { file: '/srv/shop/pw.txt' },
    token: { environment: 'TOKEN' },
    key: { age: '/srv/shop/key.age', identity: '/root/id.txt' },
  });
  expect(config.configs).toEqual({
    'nginx.conf': { file: '/srv/shop/nginx.conf' },
    motd: { content: 'hi Ann' },
    number: { content: '1.10' },
  });
});

it('reads the short and the long form of a reference', () => {
  const long = '{ source: pw, target: t, uid: "1000", gid: 1001, mode: 0440 }';
  const other = '{ source: motd, target: /etc/motd, mode: "0o755" }';
  const web = `secrets: [pw, ${long}], configs: [motd, ${other}]`;
  const { secrets, configs } = read(file(BOTH, web)).containers.web ?? {};
  expect(secrets).toEqual([
    { source: 'pw', target: '/run/secrets/pw', mode: 0o444 },
    { source: 'pw', target: '/run/secrets/t', mode: 0o440, uid: 1000, gid: 1001 },
  ]);
  expect(configs).toEqual([
    { source: 'motd', target: '/motd', mode: 0o444 },
    { source: 'motd', target: '/etc/motd', mode: 0o755 },
  ]);
});

it('has nothing of them in a file without', () => {
  const config = read(file('', 'secrets: []'));
  expect(config).not.toHaveProperty('secrets');
  expect(config.containers.web).not.toHaveProperty('secrets');
  expect(config.containers.web).not.toHaveProperty('on_change');
});

it.each([
  ['restart', undefined],
  ['HUP', 'SIGHUP'],
  ['SIGUSR1', 'SIGUSR1'],
  ['10', 'SIGUSR1'],
])('reads on_change: %s', (text, signal) => {
  expect(read(file('', `on_change: ${text}`)).containers.web?.on_change).toBe(signal);
});

describe('refuses, with the place,', () => {
  it.each([
    [
      'two origins',
      'secrets: { pw: { file: a, environment: B } }',
      '3:12: secrets.pw must have exactly one of file, environment, age',
    ],
    [
      'no origin',
      'configs: { a: {} }',
      '3:12: configs.a must have exactly one of file, environment, content',
    ],
    [
      'age without an identity',
      'secrets: { pw: { age: a } }',
      '3:12: secrets.pw must have age and identity together',
    ],
    [
      'an identity alone',
      'secrets: { pw: { file: a, identity: b } }',
      '3:12: secrets.pw must have age and identity together',
    ],
    [
      'a secret in the file',
      'secrets: { pw: { content: a } }',
      '3:18: unknown key "content" in secrets.pw',
    ],
    [
      'a name that is none',
      'secrets: { ../x: { file: a } }',
      '3:12: the key "../x" in secrets must be 1 to 63 letters, digits, "_", "." or "-", the first no "." and no "-"',
    ],
  ])('%s', (_, sections, message) => {
    expect(places(file(sections, 'hostname: a'))).toEqual([message]);
  });

  it.each([
    ['an unknown secret', 'secrets: [pv]', '6:30: unknown secret "pv"'],
    ['an unknown config', 'configs: [pw]', '6:30: unknown config "pw"'],
    ['a decimal mode', 'secrets: [{ source: pw, mode: 288 }]', '6:50: the mode "288" is not octal'],
    ['two on one target', 'secrets: [pw, pw]', '6:34: two mounts on /run/secrets/pw'],
    ['one on a volume', 'volumes: ["/a:/motd"], configs: [motd]', '6:53: two mounts on /motd'],
    [
      'a target in a kernel file system',
      'secrets: [{ source: pw, target: /proc/x }]',
      '6:30: nothing can be mounted on /proc/x',
    ],
    [
      'an id that a user namespace lacks',
      'userns: auto, secrets: [{ source: pw, uid: 70000 }]',
      '6:44: with userns: auto there is no id 70000, only 0 to 65535',
    ],
    ['an unknown signal', 'on_change: HOP', '6:31: unknown signal "HOP"'],
  ])('%s', (_, web, message) => {
    expect(places(file(BOTH, web))).toEqual([message]);
  });

  it('with what to do', () => {
    expect(complaint(file(BOTH, 'secrets: [token]'))).toContain(
      'declare it: secrets: { token: { file: ./token } }',
    );
    expect(complaint(file(BOTH, 'secrets: [pq]'))).toContain('did you mean "pw"?');
  });
});
