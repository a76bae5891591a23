import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poll } from '../../../src/model/poll.js';
import { inPrivateHost, type PrivateHost, serving } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type SwarmNode, withSwarm } from '../../support/swarm.js';
import { NOTHING, Stack } from '../stack/stack.js';

const skip = lackingAny('dockerd', 'docker', 'docker-registry', 'skopeo', 'openssl', 'sshd');

const LONG = 300_000;

const box = (swarm: object, more: object = {}) => ({
  name: 'shop',
  engine: 'swarm',
  swarm,
  images: { box: { from: { host: { binaries: ['/bin/busybox'] } } } },
  containers: {
    a: { image: 'box', command: ['busybox', 'sleep', '1000'], stop_signal: 'SIGKILL' },
  },
  ...more,
});

async function applied(stack: Stack, node: SwarmNode): Promise<void> {
  await stack.done('apply', '-y');
  expect(await stack.done('plan')).toMatch(NOTHING);
  expect(await node.docker('ps', '--format', '{{.Names}}')).toMatch(/^shop_a\.1\./);
}

describe.skipIf(skip)('a swarm that is reached', () => {
  it(
    'through ssh, with the keys and the configuration of ssh(1)',
    inPrivateHost((host) =>
      withSwarm(host, 1, async ([node]) => {
        if (!node) return;
        const stop = await startSsh(host);
        try {
          const socket = node.url.slice('unix://'.length);
          const stack = new Stack(host, box({ host: `ssh://root@manager.example${socket}` }));
          await applied(stack, node);
          expect(await stack.done('logs')).toBe('');
          await stack.done('destroy', '-y');
          expect(await host.run('pgrep', ['-c', 'dial-stdio'], { reject: false })).toMatchObject({
            stdout: '0\n',
          });
          const closed = box({ host: `ssh://nobody@manager.example${socket}` });
          const refused = await new Stack(host, closed).run('plan');
          expect(refused.code).toBe(1);
          expect(refused.stderr).toMatch(
            /^Error: cannot reach Docker at ssh:\/\/nobody@manager\.example\S+: .*Permission denied[^\n]*\n {2}ssh to that host has to work without a question, and docker has to be there\.\n$/s,
          );
        } finally {
          await stop();
        }
        rmSync(host.root, { recursive: true });
      }),
    ),
    LONG,
  );

  it(
    'by TLS, and not with other certificates',
    inPrivateHost(async (host) => {
      const [own, others] = [await certificates(host, 'own'), await certificates(host, 'others')];
      const flags = [
        ...['--tlsverify', '--tlscacert', join(own, 'ca.pem'), '--tlscert', join(own, 'cert.pem')],
        ...['--tlskey', join(own, 'key.pem'), '--host', 'tcp://0.0.0.0:2376'],
      ];
      await withSwarm(
        host,
        1,
        async ([node]) => {
          if (!node) return;
          const url = `tcp://${node.address}:2376`;
          const stack = new Stack(host, box({ host: url, certificates: own }));
          await applied(stack, node);
          await stack.done('destroy', '-y');
          const errorOf = async (swarm: object) => {
            const { code, stderr } = await new Stack(host, box(swarm)).run('plan');
            expect(code).toBe(1);
            return stderr;
          };
          expect(await errorOf({ host: url, certificates: others })).toMatch(
            /^Error: cannot reach tcp:\/\/10\.200\.0\.1:2376: TLS fails \(unable to verify[^\n]*\)\n {2}The certificates are those in .*others\.\n$/,
          );
          expect(await errorOf({ host: url })).toMatch(/: it wants TLS\n/);
        },
        { flags },
      );
      rmSync(host.root, { recursive: true });
    }),
    LONG,
  );
});

describe.skipIf(skip)('a registry for the nodes of a swarm', () => {
  it(
    'gets images once, has services pinned to digests, and wants a login',
    inPrivateHost((host) =>
      withSwarm(host, 2, async (nodes) => {
        const [node, other] = nodes as [SwarmNode, SwarmNode];
        const stop = await startRegistry(host);
        try {
          const options = { host: node.url, registry: `${REGISTRY}/team`, registry_auth: true };
          const stack = new Stack(host, {
            ...box(options),
            containers: {
              a: {
                image: 'box',
                command: ['busybox', 'sleep', '1000'],
                replicas: 2,
                stop_signal: 'SIGKILL',
              },
            },
          });
          const login = ['login', '--username', 'ann', '--password', 'whale', REGISTRY];
          const closed = await stack.run('apply', '-y');
          expect(closed.code).toBe(1);
          expect(closed.stderr).toMatch(/authentication required|unauthorized/);
          await host.run('skopeo', login);
          await stack.done('apply', '-y');
          expect(await stack.done('plan')).toMatch(NOTHING);
          const service = JSON.parse(await node.docker('service', 'inspect', 'shop_a'));
          const image = service[0].Spec.TaskTemplate.ContainerSpec.Image;
          expect(image).toMatch(
            /^10\.200\.0\.254:15000\/team\/shop-box:[0-9a-f]+@sha256:[0-9a-f]{64}$/,
          );
          for (const each of [node, other]) {
            expect(await each.docker('ps', '--format', '{{.Names}}')).toMatch(/^shop_a\./);
          }
          // an image that is there is not pushed again
          const changed = {
            ...box(options),
            containers: {
              b: { image: 'box', command: ['busybox', 'sleep', '1000'], stop_signal: 'SIGKILL' },
            },
          };
          stack.write(changed);
          expect(await stack.done('plan')).not.toMatch(/image\.box/);
          await stack.done('apply', '-y');
          await stack.done('destroy', '-y');
          const none = async () =>
            (await node.docker('ps', '-aq')) + (await other.docker('ps', '-aq'));
          expect(await poll(none, { until: (ids) => ids === '', limit: 30_000, pause: 500 })).toBe(
            '',
          );
        } finally {
          await stop();
        }
        rmSync(host.root, { recursive: true });
      }),
    ),
    LONG,
  );
});

/** An sshd(8) on the loopback of a private host, and the configuration of root's ssh(1) for it. */
async function startSsh(host: PrivateHost): Promise<() => Promise<void>> {
  const dir = join(host.dir, 'ssh');
  mkdirSync(dir, { mode: 0o700 });
  await host.run('mkdir', ['-p', '/root/.ssh', '/run/sshd']);
  await host.run('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', '/root/.ssh']);
  for (const each of ['server', 'client']) {
    await host.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, each)]);
  }
  await host.run('cp', [join(dir, 'client.pub'), join(dir, 'authorized')]);
  const config = [
    ...['Host manager.example', 'HostName 127.0.0.1', 'Port 2022', `IdentityFile ${dir}/client`],
    ...['StrictHostKeyChecking no', `UserKnownHostsFile ${dir}/known`, 'LogLevel ERROR'],
  ];
  writeFileSync(join(dir, 'config'), `${config.join('\n')}\n`);
  await host.run('cp', [join(dir, 'config'), '/root/.ssh/config']);
  const settings = {
    Port: '2022',
    ListenAddress: '127.0.0.1',
    HostKey: join(dir, 'server'),
    AuthorizedKeysFile: join(dir, 'authorized'),
    StrictModes: 'no',
    PidFile: 'none',
    UsePAM: 'no',
    PermitRootLogin: 'prohibit-password',
    AllowUsers: 'root',
    PasswordAuthentication: 'no',
  };
  const words = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const inside = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '/usr/sbin/sshd'];
  const all = ['--pdeathsig', 'KILL', '--', ...inside, '-D', '-f', '/dev/null', ...words];
  const server = spawn('setpriv', all, { stdio: 'ignore' });
  const gone = once(server, 'exit');
  const answers = () =>
    host.run('ssh', ['-o', 'BatchMode=yes', 'root@manager.example', 'true'], { reject: false });
  const { stderr } = await poll(answers, {
    ...{ until: ({ code }) => code === 0, limit: 20_000, pause: 250 },
  });
  expect(stderr).toBe('');
  return async () => {
    server.kill();
    await gone;
    await host.run('umount', ['/root/.ssh']);
  };
}

/** A folder with the certificate of an authority, and one that is good for both ends. */
async function certificates(host: PrivateHost, name: string): Promise<string> {
  const dir = join(host.dir, name);
  mkdirSync(dir);
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const file = (each: string) => join(dir, `${each}.pem`);
  const authority = ['-subj', '/CN=authority', '-keyout', join(dir, 'ca.key'), '-out', file('ca')];
  await host.run('openssl', [...request, ...authority]);
  const signed = ['-CA', file('ca'), '-CAkey', join(dir, 'ca.key')];
  const usage = ['-addext', 'subjectAltName=IP:10.200.0.1', '-addext', 'basicConstraints=CA:FALSE'];
  const end = ['-subj', '/CN=node', '-keyout', file('key'), '-out', file('cert')];
  await host.run('openssl', [...request, ...signed, ...usage, ...end]);
  return dir;
}

/** An address that the nodes reach, and take without TLS. */
const REGISTRY = '10.200.0.254:15000';

/** Of ann and whale, by bcrypt. */
const PASSWORDS = 'ann:$2b$05$abcdefghijklmnopqrstuuf/NlQ7CkknKqUoYZVO1qUVHV0pGwMU.\n';

/** Debian's docker-registry, which wants a password; the host takes it without TLS, as the nodes do. */
async function startRegistry(host: PrivateHost): Promise<() => Promise<void>> {
  const dir = join(host.dir, 'registry');
  mkdirSync(dir);
  writeFileSync(join(dir, 'passwords'), PASSWORDS);
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: REGISTRY },
    log: { level: 'error' },
    auth: { htpasswd: { realm: 'team', path: join(dir, 'passwords') } },
  };
  writeFileSync(join(dir, 'registry.yml'), JSON.stringify(config));
  const configs = '/etc/containers/registries.conf.d';
  await host.run('mkdir', ['-p', configs, '/run/containers']);
  await host.run('mount', ['-t', 'tmpfs', 'tmpfs', configs]);
  await host.run('mount', ['-t', 'tmpfs', 'tmpfs', '/run/containers']);
  const insecure = `[[registry]]\nlocation = "${REGISTRY}"\ninsecure = true\n`;
  await host.run('tee', [join(configs, 'test.conf')], { input: insecure });
  const url = `http://ann:whale@${REGISTRY}/v2/`;
  const stop = await serving(host, url, ['docker-registry', 'serve', join(dir, 'registry.yml')]);
  return async () => {
    await stop();
    await host.run('umount', [configs, '/run/containers']);
  };
}
