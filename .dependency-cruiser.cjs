// Who may import whom. One direction of data: model ← everything; only cli wires things together.
// test/imports.test.ts breaks each rule once.

/** A folder imports itself, the model and what is listed; anything else in src is a violation. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: [from.replace('([^/]+)', '$1'), '^src/model/', ...allowed] },
});

const HOST = '^src/host/ports\\.ts$';
/** What a key is, and the keys of every kind: declared once, derived from everywhere. */
const KEY = '^src/kinds/key\\.ts$';
const KEYS = `${KEY}|^src/(kinds/([^/]+/keys[/.]|container/release\\.ts$)|farm/keys\\.ts$)`;
const KIND = '^src/kinds/kind\\.ts$';
/** What the desired resources of all kinds are derived from. */
const DESIRED = '^src/kinds/(desired-context|recorded)\\.ts$';
/** Commands of containers, which run around what several kinds do. */
const HOOKS = '^src/kinds/hooks\\.ts$';

/** Packages that may be part of the built program; `programs-from-launcher` has a say about execa. */
const BUNDLED = [
  ...[
    '@noble/hashes',
    'ajv',
    'commander',
    'croner',
    'csv-parse',
    'diff',
    'dockerode',
    'fastest-levenshtein',
    'listr2',
  ],
  ...['picomatch', 'shlex'],
  // types alone: it has no code
  'kubernetes-types',
  ...['execa', 'yaml'],
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'model-alone',
      comment: 'Pure types and arithmetic: of packages and of Node only what computes.',
      severity: 'error',
      from: { path: '^src/model/' },
      to: {
        pathNot: ['^src/model/', '^(node:)?(crypto|net|path)$', '@noble/hashes/', 'croner/', KEYS],
      },
    },
    {
      name: 'model-types-of-keys',
      comment: 'A container is what its keys declare: the model derives its types from them.',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { path: KEYS, dependencyTypesNot: ['type-only'] },
    },
    ...['execute', 'config', 'cron', 'view'].map((name) =>
      only(`${name}-to-model`, `^src/${name}/`, [], 'Knows the model and nothing else of ours.'),
    ),
    only(
      'state-to-model',
      '^src/state/',
      ['^src/host/linux/(process/flock|files/atomic-write)\\.ts$'],
      'Knows the model, the launcher of flock(1), which holds its lock, and the writer of files.',
    ),
    only('formats-to-config', '^src/formats/', ['^src/config/', KEYS], 'Readers onto one Config.'),
    only(
      'farm-to-model',
      '^src/farm/(?!keys\\.ts$)',
      [DESIRED],
      'Expands to resources of several kinds.',
    ),
    only(
      'convert-to-config',
      '^src/convert/',
      ['^src/config/', KEYS, '^src/farm/(expand|haproxy|discovery)\\.ts$'],
      'A Config as files of another engine: pure, as readers are.',
    ),
    only('plan-to-model', '^src/plan/', [HOST, KIND], 'Kinds come to it as data.'),
    {
      name: 'plan-without-specs',
      comment: 'The planner names no kind: what knows one is a hook of Kind.',
      severity: 'error',
      from: { path: '^src/plan/' },
      to: { path: '^src/model/(specs|container-values|config|publish)\\.ts$' },
    },
    {
      name: 'plan-types-only',
      comment: 'The planner knows the shape of a kind and of a probe, and calls no port.',
      severity: 'error',
      from: { path: '^src/plan/' },
      to: { path: [HOST, KIND], dependencyTypesNot: ['type-only'] },
    },
    only(
      'kind-alone',
      '^src/kinds/([^/]+)/(?!keys[/.])',
      ['^src/kinds/$1/', HOST, KIND, KEY, DESIRED, HOOKS],
      'Never another kind.',
    ),
    only(
      'keys-to-config',
      '^src/(kinds/(key\\.ts$|[^/]+/keys[/.])|farm/keys\\.ts$)',
      ['^src/config/', KEY],
      'Text to value.',
    ),
    only(
      'kinds-list',
      '^src/kinds/(?!key\\.ts$)[^/]+\\.ts$',
      ['^src/kinds/', '^src/farm/', HOST],
      'The list, the shape, and all desired resources.',
    ),
    only(
      'swarm-to-kinds',
      '^src/swarm/',
      ['^src/kinds/(?!container/(?!keys/))', '^src/host/[^/]+\\.ts$', '^src/farm/'],
      'The kinds of another engine: nothing of containers on this host but their keys.',
    ),
    only(
      'docker-to-ports',
      '^src/host/docker/',
      ['^src/host/[^/]+\\.ts$', '^src/host/linux/process/(launch|run)\\.ts$'],
      'Implements the port of a cluster; ssh(1) is a program.',
    ),
    only('ports-to-model', '^src/host/[^/]+\\.ts$', [], 'Ports are interfaces over the model.'),
    only(
      'linux-to-ports',
      '^src/host/linux/',
      [HOST, KEYS],
      'Implements the ports, decides nothing.',
    ),
    {
      name: 'app-without-terminal',
      comment: 'Use cases show, ask and are interrupted through the Frontend that cli injects.',
      severity: 'error',
      from: { path: '^src/app/' },
      to: {
        path: [
          '^src/cli/',
          '^src/view/(open\\.ts$|progress/)',
          '/node_modules/commander/',
          '^node_modules/commander/',
        ],
      },
    },
    {
      name: 'caches-in-fast-path',
      comment: 'One interface to what makes a run fast, so that it can be switched off as a whole.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/app/fast-path/', '^src/state/'] },
      to: { path: ['^src/app/fast-path/(?!index\\.ts$)', '^src/state/files-fingerprint\\.ts$'] },
    },
    {
      name: 'cli-without-host',
      comment: 'argv → use case → view: only use cases reach the host.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/host/linux/' },
    },
    {
      name: 'programs-from-launcher',
      comment: 'One place starts programs: environment, attributes, group, time and bytes.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/host/linux/process/'] },
      to: { path: ['^(node:)?child_process$', '/node_modules/execa/', '^node_modules/execa/'] },
    },
    {
      name: 'every-folder-has-a-rule',
      comment: 'A new folder in src needs its line in this file.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(main\\.ts$|(app|cli|config|convert|cron|execute|farm|formats|host|kinds|model|plan|state|swarm|view)/)',
      },
      to: {},
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphan',
      comment: 'Nothing that main.ts does not reach, but the types of generated code.',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^src/', pathNot: '\\.gen\\.d\\.mts$', reachable: false },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'bundled-packages',
      comment:
        'dist contains what the program imports, so an installed baleine needs no package: those stand in devDependencies, and here.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown', 'deprecated'],
        pathNot: `(^|/)node_modules/(${BUNDLED.join('|')})/`,
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
