/** The part of JSON Schema (draft 7) that baleine.schema.json uses. */
interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  default?: unknown;
  type?: string | string[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  definitions?: Record<string, Schema>;
}

/** One row of a table: `limits.memory`. */
interface Key {
  name: string;
  schema: Schema;
  isRequired: boolean;
}

/** Sections of the page in the order of a file, and the definition each describes. */
const SECTIONS: [title: string, definition: string, path: string][] = [
  ['Images', 'image', 'images.NAME'],
  ['Bridges', 'bridge', 'bridges.NAME'],
  ['Volumes', 'volume', 'volumes.NAME'],
  ['Secrets', 'secret', 'secrets.NAME'],
  ['Configs', 'config', 'configs.NAME'],
  ['Containers', 'container', 'containers.NAME'],
  ['Jobs', 'job', 'jobs.NAME'],
  ['Farms', 'farm', 'farms.NAME'],
  ['Servers of a farm', 'servers', 'farms.NAME.servers'],
  ['Proxy of a farm', 'proxy', 'farms.NAME.proxy'],
];

/** Values that many keys share, explained once. */
const VALUES = [
  ...['name', 'size', 'duration', 'port', 'path', 'inside', 'command', 'user', 'environment'],
  ...['filename', 'ipv4', 'subnet', 'mac'],
];

const HEAD = `# Every key of baleine.yaml

<!-- Generated from schemas/baleine.schema.json by \`npm run docs\`. Do not edit. -->

Unknown keys are errors. A key marked **required** has no default. Where no default is listed, leaving
the key out means that nothing is set, or what its description says.
`;

/** The page docs/reference/keys.md. */
export function keysPage(root: Schema): string {
  const top = keysIn(root, root, '');
  return [
    HEAD,
    '## The file\n',
    `${root.description ?? ''}\n`,
    table(top, root).trimEnd(),
    ...SECTIONS.map(([title, name, path]) => section(title, path, definition(root, name), root)),
    '\n## Values\n',
    '| value | written as |\n|---|---|',
    ...VALUES.map(
      (name) => `| ${VALUE_NAMES[name] ?? name} | ${cell(text(definition(root, name)))} |`,
    ),
    '',
  ].join('\n');
}

function section(title: string, path: string, schema: Schema, root: Schema): string {
  const object = objectOf(schema, root);
  const shared = sharedWithContainer(object);
  const own = keysIn(object ?? {}, root, '').filter(
    ({ name }) => !shared.includes(/^\w+/.exec(name)?.[0] ?? ''),
  );
  const missing = Object.keys(definition(root, 'container').properties ?? {}).filter(
    (name) => !shared.includes(name),
  );
  const but = missing.length === 0 ? '' : ` except ${missing.map(code).join(', ')}`;
  return [
    `\n## ${title}\n`,
    `\`${path}\`: ${text(schema)}\n`,
    ...(shared.length === 0 ? [] : [`Every key of a [container](#containers)${but}, and:\n`]),
    table(own, root).trimEnd(),
  ].join('\n');
}

/** Keys that a farm's servers and proxy share with containers. */
function sharedWithContainer(object: Schema | undefined): string[] {
  return Object.entries(object?.properties ?? {})
    .filter(([, { $ref }]) => $ref?.startsWith('#/definitions/container/properties/'))
    .map(([name]) => name);
}

/** All keys of an object, those of nested objects after a dot; maps and lists are one level deeper. */
function keysIn(object: Schema, root: Schema, prefix: string): Key[] {
  return Object.entries(object.properties ?? {}).flatMap(([key, schema]) => {
    const name = `${prefix}${key}`;
    const isRequired = object.required?.includes(key) ?? false;
    return [{ name, schema, isRequired }, ...below(schema, root, name)];
  });
}

/** A definition with its own section is not repeated. */
function below(schema: Schema, root: Schema, name: string): Key[] {
  if (SECTIONS.some(([, known]) => schema.$ref === `#/definitions/${known}`)) return [];
  const target = resolve(schema, root);
  if (target.properties) return keysIn(target, root, `${name}.`);
  if (target.items) return below(target.items, root, `${name}[]`);
  const map = target.additionalProperties;
  if (typeof map === 'object') return below(map, root, `${name}.NAME`);
  return (target.anyOf ?? []).flatMap((each) => below(each, root, name));
}

function table(keys: Key[], root: Schema): string {
  const rows = keys.map(({ name, schema, isRequired }) => {
    const target = resolve(schema, root);
    const usual = schema.default ?? target.default;
    const fallback = isRequired
      ? '**required**'
      : usual === undefined
        ? ''
        : code(JSON.stringify(usual));
    const about = schema.description ?? text(target);
    return `| ${code(name)} | ${typeText(schema, root)} | ${fallback} | ${cell(about)} |`;
  });
  return ['| key | value | default | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** Names of values that have their own definition. */
const VALUE_NAMES: Record<string, string> = {
  filename: 'file name',
  ipv4: 'IPv4 address',
  subnet: 'IPv4 subnet',
  inside: 'path inside',
  mac: 'MAC address',
};

function typeText(schema: Schema, root: Schema): string {
  const name = schema.$ref?.split('/').at(-1) ?? '';
  if (VALUES.includes(name)) return VALUE_NAMES[name] ?? name;
  const target = resolve(schema, root);
  if (target.enum) return target.enum.map((each) => code(String(each))).join(', ');
  if (target.anyOf) {
    const all = target.anyOf.filter(({ type }) => type !== 'null');
    return [...new Set(all.map((each) => typeText(each, root)))].join(' or ');
  }
  if (target.items) return `list of ${typeText(target.items, root)}`;
  if (target.type === 'integer' || target.type === 'number') return numberText(target);
  if (target.type === 'boolean') return 'true or false';
  if (target.type === 'object') return 'mapping';
  return 'text';
}

function numberText({ type, minimum, maximum }: Schema): string {
  const kind = type === 'integer' ? 'whole number' : 'number';
  if (minimum === undefined) return kind;
  const isOpen = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
  return isOpen ? `${kind} from ${minimum}` : `${kind} ${minimum} to ${maximum}`;
}

/** Resolves a reference. */
function resolve(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const path = schema.$ref.split('/').slice(1);
  const target = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], root);
  return resolve(target as Schema, root);
}

function definition(root: Schema, name: string): Schema {
  const found = root.definitions?.[name];
  if (!found) throw new Error(`baleine.schema.json has no definition ${name}`);
  return found;
}

/** The object among several forms. */
function objectOf(schema: Schema, root: Schema): Schema | undefined {
  const forms = [schema, ...(schema.anyOf ?? [])].map((each) => resolve(each, root));
  return forms.find(({ properties }) => properties);
}

const text = (schema: Schema) => schema.description ?? '';
const code = (word: string) => `\`${word}\``;
const cell = (about: string) => about.replaceAll('|', '\\|').replaceAll('\n', ' ');
