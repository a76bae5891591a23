import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Schema {
  $ref?: string;
  description?: string;
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  [keyword: string]: unknown;
}

const file = new URL('../../schemas/baleine.schema.json', import.meta.url);
const root = JSON.parse(readFileSync(file, 'utf8')) as Schema & {
  definitions: Record<string, Schema>;
};

/** Every schema in the schema, with the way to it. */
function* walk(schema: unknown, path: string[] = []): Generator<[string, Schema]> {
  if (typeof schema !== 'object' || schema === null) return;
  yield [path.join('/'), schema as Schema];
  for (const [key, value] of Object.entries(schema)) yield* walk(value, [...path, key]);
}

/** What an editor shows of a property: its own words, or those of what it refers to. */
function described({ description, $ref }: Schema): boolean {
  if (description) return true;
  if (!$ref) return false;
  const path = $ref.split('/').slice(1);
  const target = path.reduce<Schema>((schema, key) => schema[key] as Schema, root);
  return described(target);
}

it('describes every property to editors', () => {
  const silent = [...walk(root)].flatMap(([path, { properties }]) =>
    path.endsWith('/if') || typeof properties !== 'object'
      ? []
      : Object.entries(properties).flatMap(([key, each]) =>
          described(each) ? [] : `${path}/${key}`,
        ),
  );
  expect(silent).toEqual([]);
});

it('lists the keys of every mapping', () => {
  const open = [...walk(root)].filter(
    ([, { type, additionalProperties }]) =>
      type === 'object' && (additionalProperties ?? true) === true,
  );
  expect(open.map(([path]) => path)).toEqual([]);
});

it('accepts for servers every key of a container, and for a proxy all but replicas', () => {
  const keys = (name: string) => Object.keys(root.definitions[name]?.properties ?? {});
  expect(keys('servers')).toEqual([...keys('container'), 'port']);
  expect(keys('proxy')).toEqual([
    ...keys('container').filter((key) => key !== 'replicas'),
    ...['engine', 'listen', 'mode', 'balance', 'sticky', 'tls', 'stats', 'access_log', 'snippets'],
  ]);
});
