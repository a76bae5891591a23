import fc from 'fast-check';

/** The content of baleine.yaml as an object; JSON is valid YAML. */
export interface WrittenFile {
  name: string;
  images: Record<string, unknown>;
  bridges: Record<string, unknown>;
  volumes: Record<string, unknown>;
  containers: Record<string, Record<string, unknown>>;
}

const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/);
const word = fc.stringMatching(/^[a-zA-Z0-9 ._=-]{1,12}$/);
const path = fc.stringMatching(/^(\/[a-z]{1,8}){1,3}$/);
const size = fc.oneof(
  fc.integer({ min: 4, max: 4096 }).map((mebibytes) => `${mebibytes}M`),
  fc.integer({ min: 2 ** 22, max: 2 ** 40 }),
);
const rate = fc.oneof(fc.constantFrom('4K', '10M', '1.5G'), fc.integer({ min: 4096 }));
const times = fc.constantFrom('0s', '500ms', '10s', '1m30s');
const capabilities = fc.uniqueArray(
  fc.constantFrom('ALL', 'NET_ADMIN', 'CAP_SYS_PTRACE', 'CHOWN', 'MKNOD', 'NET_RAW', 'SYS_ADMIN'),
  { maxLength: 3 },
);

/** Makes every key optional. */
const some = <T>(keys: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(keys, { requiredKeys: [] });

const number = (max: number) => fc.oneof(fc.constant('*'), fc.integer({ min: 0, max }).map(String));
const rule = fc
  .tuple(fc.constantFrom('b', 'c'), number(400), number(70_000), fc.constantFrom('r', 'rw', 'rwm'))
  .map(([type, major, minor, access]) => ({ allow: `${type} ${major}:${minor} ${access}` }));

const io = some({
  write_bps: rate,
  read_bps: rate,
  write_iops: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
})
  .filter((each) => Object.keys(each).length > 0)
  .map((each) => [each]);

const limits = some({
  memory: size,
  cpus: fc.integer({ min: 1, max: 12_800 }).map((hundredths) => hundredths / 100),
  cpu_shares: fc.integer({ min: 2, max: 262_144 }),
  cpuset: fc.constantFrom('0', '0-1', '1,3', 2),
  pids: fc.integer({ min: 1, max: 4_194_304 }),
  io,
  devices: fc.array(rule, { maxLength: 3 }),
  net_class: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
});

const container = some({
  command: fc.oneof(fc.array(word, { minLength: 1, maxLength: 4 }), fc.constant('busybox sh')),
  entrypoint: fc.array(word, { minLength: 1, maxLength: 2 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  environment: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), word, { maxKeys: 4 }),
  user: fc.constantFrom('root', '1000:1000', 0, 65534, 'web:web'),
  working_dir: path,
  limits,
  restart: fc.constantFrom('no', 'always', 'on-failure', 'on-failure:3'),
  stop_signal: fc.constantFrom('SIGTERM', 'INT', 'SIGKILL'),
  stop_grace_period: times,
  protect: fc.boolean(),
  security: fc.constantFrom('default', 'unconfined'),
  userns: fc.constantFrom('auto', 'host'),
  cap_add: capabilities,
  cap_drop: capabilities,
  read_only: fc.boolean(),
  tmpfs: fc.uniqueArray(fc.constantFrom('/run', '/tmp', '/var/cache'), { maxLength: 2 }),
  sysctls: fc.constantFrom({}, { 'net.core.somaxconn': 1024 }, { 'kernel.shmmax': '65536' }),
  ulimits: fc.constantFrom({}, { nofile: 4096 }, { core: { soft: 0, hard: 10 } }),
  hostname: fc.constantFrom('web', 'web-1.example', '0'),
  dns: fc.constantFrom([], ['10.0.0.1']),
  labels: fc.dictionary(name, word, { maxKeys: 2 }),
  bridges: fc.constantFrom([], ['front']),
  volumes: fc.constantFrom([], ['data:/data'], ['data:/data:ro', './conf:/etc/app:ro']),
});

/** Valid files with up to three containers that use most keys. */
export const validFile: fc.Arbitrary<WrittenFile> = fc
  .tuple(name, fc.dictionary(name, container, { minKeys: 1, maxKeys: 3 }))
  .filter(([, containers]) => apart(Object.entries(containers)))
  .map(([stack, containers]) => ({
    name: stack,
    images: { base: { from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox'] } },
    bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
    volumes: { data: {} },
    containers: Object.fromEntries(
      Object.entries(containers).map(([each, keys]) => [each, { ...keys, image: 'base' }]),
    ),
  }));

/** The first of `web` with replicas is `web-1`, which may be another's name. */
function apart(containers: [string, { replicas?: number }][]): boolean {
  const names = containers.flatMap(([each, { replicas = 1 }]) =>
    replicas === 1
      ? [each]
      : Array.from({ length: replicas }, (_, index) => `${each}-${index + 1}`),
  );
  return new Set(names).size === names.length;
}
