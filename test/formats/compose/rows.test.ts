import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONFIG_ROWS, SECRET_ROWS } from '../../../src/formats/compose/files.js';
import { VOLUME_ROWS } from '../../../src/formats/compose/mounts.js';
import { NETWORK_ROWS } from '../../../src/formats/compose/networks.js';
import type { Rows } from '../../../src/formats/compose/rows.js';
import { SERVICE_ROWS } from '../../../src/formats/compose/service-rows.js';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  definitions?: Record<string, Schema>;
}

const root: Schema = JSON.parse(readFileSync('schemas/compose-spec.json', 'utf8'));

/** The keys of a definition and of all below it, by their paths; names of maps are no part of one. */
function keysOf(schema: Schema, path = ''): string[] {
  const { $ref, properties = {}, patternProperties = {}, additionalProperties, items } = schema;
  const maps = Object.entries(patternProperties).flatMap(([pattern, each]) =>
    pattern === '^x-' ? [] : [each],
  );
  const same = [
    ...($ref === undefined ? [] : [definitionOf($ref)]),
    ...(schema.oneOf ?? []),
    ...(schema.anyOf ?? []),
    ...(items ? [items] : []),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...maps,
  ];
  return [
    ...Object.entries(properties).flatMap(([key, each]) => [
      path + key,
      ...keysOf(each, `${path}${key}.`),
    ]),
    ...same.flatMap((each) => keysOf(each, path)),
  ];
}

const definitionOf = (ref: string): Schema =>
  root.definitions?.[ref.split('/').at(-1) as string] as Schema;

describe.each<[string, Rows]>([
  ['service', SERVICE_ROWS],
  ['network', NETWORK_ROWS],
  ['volume', VOLUME_ROWS],
  ['secret', SECRET_ROWS],
  ['config', CONFIG_ROWS],
])('the keys of a %s', (definition, rows) => {
  const keys = new Set(keysOf(definitionOf(definition)));

  it('have a row each', () => {
    expect([...keys].filter((each) => !Object.hasOwn(rows, each))).toEqual([]);
  });

  it('are all in the specification', () => {
    expect(Object.keys(rows).filter((each) => !keys.has(each))).toEqual([]);
  });

  it('have a reason where they have no effect, and a hint where they are refused', () => {
    for (const row of Object.values(rows)) {
      if (row.effect !== 'translated') expect(row.why).not.toBe('');
      if (row.effect === 'refused') expect(row.hint).not.toBe('');
    }
  });
});
