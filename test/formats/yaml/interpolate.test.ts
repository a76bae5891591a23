// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import { describe, expect, it } from 'vitest';
import { complaint, places, read, withContainer } from '../../config/read.js';

const ENV = { NAME: 'value', EMPTY: '', N: '3', YAML: 'a: [b', QUOTED: '"' };

describe('variables', () => {
  const environment = (text: string) =>
    read(withContainer(`environment:\n  A: ${text}`), ENV).containers.web?.environment.A;

  it.each([
    ['${NAME}', 'value'],
    ['a-${NAME}-${NAME}-b', 'a-value-value-b'],
    ['"${NAME}"', 'value'],
    ["'${NAME}'", 'value'],
    ['$NAME', '$NAME'],
    ['$$NAME', '$NAME'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$value'],
    ['5$', '5$'],
    ['"${EMPTY}"', ''],
    ['${EMPTY-other}x', 'x'],
    ['${EMPTY:-other}', 'other'],
    ['${GONE:-other}', 'other'],
    ['${GONE-other}', 'other'],
    ['"${GONE:-}"', ''],
    ['${NAME:-other}', 'value'],
    ['${NAME:?reason}', 'value'],
    ['${GONE:-a b:c}', 'a b:c'],
    ['${GONE:-${NAME}}', 'value'],
    ['${GONE:-${LOST:-${NAME}-x}}', 'value-x'],
    ['${NAME:+there}', 'there'],
    ['"${EMPTY:+there}"', ''],
    ['${EMPTY+there}', 'there'],
    ['"${GONE+there}"', ''],
    ['${NAME:+a ${NAME}}', 'a value'],
    ['${YAML}', 'a: [b'],
    ['${QUOTED}', '"'],
  ])('%s is %j', (text, expected) => expect(environment(text)).toBe(expected));

  it('become numbers if the unquoted value is nothing else', () => {
    expect(read(withContainer('replicas: ${N}'), ENV).containers.web?.replicas).toBe(3);
    expect(read(withContainer('replicas: ${GONE:-2}'), ENV).containers.web?.replicas).toBe(2);
    expect(read(withContainer('init: ${GONE:-true}'), ENV).containers.web?.init).toBe(true);
    expect(places(withContainer('replicas: "${N}"'), ENV)).toEqual([
      '5:15: containers.web.replicas must be a whole number from 0 to 1000, not "3"',
    ]);
  });

  it('are not replaced in keys and comments', () => {
    const { containers } = read(withContainer('environment: { "${A}": x } # ${B}'), ENV);
    expect(containers.web?.environment).toEqual({ '${A}': 'x' });
  });

  it('are replaced once, also in multi-line text', () => {
    const command = 'command: |\n  echo ${NAME}\n  echo $$1';
    expect(read(withContainer(command), ENV).containers.web?.command).toEqual([
      '/bin/sh',
      '-c',
      'echo value\necho $1\n',
    ]);
  });

  it.each([
    ['${GONE}', 'variable GONE is not set'],
    ['${constructor}', 'variable constructor is not set'],
    ['${EMPTY:?}', 'variable EMPTY is empty'],
    ['${GONE?where to}', 'variable GONE: where to'],
    ['${EMPTY:?where to}', 'variable EMPTY: where to'],
    ['${NAME', 'a variable begins with "${" and does not end'],
    ['${na me}', 'cannot read the variable "${na me}"'],
    ['${}', 'cannot read the variable "${}"'],
    ['${GONE:?no ${NAME}}', 'variable GONE: no value'],
    ['${A/b/c}', 'cannot read the variable "${A/b/c}"'],
  ])('%s is refused', (text, message) => {
    const file = withContainer(`environment:\n  A: 'x ${text}'`);
    expect(places(file, ENV)).toEqual([`6:13: ${message}`]);
  });

  it('of a default are reported at their own place', () => {
    const file = withContainer("environment:\n  A: 'x ${A:-${B}}'");
    expect(places(file, ENV)).toEqual(['6:18: variable B is not set']);
    const deep = `${'${A:-'.repeat(21)}${'}'.repeat(21)}`;
    expect(places(`name: ${deep}`, ENV)).toEqual([
      expect.stringMatching(/^1:107: cannot read the variable/),
    ]);
  });

  it('are reported all at once', () => {
    expect(complaint('name: ${A}-${B}\nimages: ${C:?say which}')).toBe(
      [
        'baleine.yaml:1:7: variable A is not set',
        '  name: ${A}-${B}',
        '        ^',
        'set it, or give a default: ${A:-…}',
        '',
        'baleine.yaml:1:12: variable B is not set',
        '  name: ${A}-${B}',
        '             ^',
        'set it, or give a default: ${B:-…}',
        '',
        'baleine.yaml:2:9: variable C: say which',
        '  images: ${C:?say which}',
        '          ^',
      ].join('\n'),
    );
  });

  it('cannot contain NUL; numbers beyond the exact range stay text', () => {
    expect(places('name: ${A}', { A: 'a\0b' })).toEqual([
      '1:7: text must not hold a NUL character',
    ]);
    const file =
      'name: x\nimages: {i: {from: {tar: a}}}\ncontainers:\n  a:\n    image: i\n    hostname: ${A}';
    const A = '12345678901234567890';
    expect(read(file, { A }).containers.a?.hostname).toBe(A);
    expect(places('name: ${A}', { A: '.inf' })).toEqual([expect.stringContaining('not ".inf"')]);
  });
});

it('reports that a variable needs quotes inside a flow collection', () => {
  expect(complaint('name: x\nimages: { a: ${B} }', { B: 'c' })).toBe(
    [
      'baleine.yaml:2:15: not YAML: Unexpected flow-map-start at node end',
      '  images: { a: ${B} }',
      '                ^',
      'inside { } and [ ], put quotes around a value with a variable',
    ].join('\n'),
  );
});
