// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import { describe, expect, it } from 'vitest';
import { Problems } from '../../../src/config/problem.js';
import { parseEnvFile } from '../../../src/formats/project/env-file.js';
import { merged, problems, read, withContainers } from './stack.js';

it('a .env that no value asks for is not read', () => {
  const foreign = { '.env': '?? of another program' };
  const plain = { 'baleine.yaml': 'name: s\nvolumes: { a: {} }\n', ...foreign };
  expect(read(plain).root).toMatchObject({ name: 's' });
  const asking = { 'baleine.yaml': 'name: "${NAME}"\nvolumes: { a: {} }\n', ...foreign };
  expect(problems(asking)).toEqual(expect.arrayContaining([expect.stringContaining('.env:1:1: ')]));
});

describe('variables', () => {
  const file = 'services: { a: { image: "${A}-${B:-none}" } }\n';
  const image = (files: Record<string, string>, options = {}) =>
    (merged({ 'compose.yaml': file, ...files }, options) as { services: { a: { image: string } } })
      .services.a.image;

  it.each<[string, Record<string, string>, object, string]>([
    ['of the shell', {}, { env: { A: '1', B: '2' } }, '1-2'],
    ['of .env', { '.env': 'A=3\nB=4\n' }, {}, '3-4'],
    ['of the shell before .env', { '.env': 'A=3\nB=4\n' }, { env: { A: '1' } }, '1-4'],
    ['of the shell, empty', { '.env': 'A=3\nB=4\n' }, { env: { A: '', B: '' } }, '-none'],
    [
      'of an env file in place of .env',
      { '.env': 'A=3\nB=4\n', other: 'A=5\n' },
      { envFiles: ['other'] },
      '5-none',
    ],
    [
      'of the later env file',
      { one: 'A=1\nB=1\n', two: 'A=2\n' },
      { envFiles: ['one', 'two'] },
      '2-1',
    ],
    [
      'of the shell before env files',
      { one: 'A=1\nB=1\n' },
      { envFiles: ['one'], env: { A: '9' } },
      '9-1',
    ],
    [
      'of .env in the project directory',
      { '.env': 'A=1\n', 'sub/.env': 'A=2\n' },
      { directory: 'sub' },
      '2-none',
    ],
  ])('%s', (_what, files, options, expected) => {
    expect(image(files, options)).toBe(expected);
  });

  it('are empty with one warning in a compose file', () => {
    const text = 'services:\n  a: { network_mode: none, image: "a${X}${X}", user: "${Y-}" }\n';
    expect(read({ 'compose.yaml': text }).warnings).toEqual([
      'compose.yaml:2:37: variable X is not set; it is taken as empty (and 1 more)',
    ]);
  });

  it('that are not set are an error in baleine.yaml', () => {
    expect(problems({ 'baleine.yaml': withContainers('a:\n    image: ${X}') })).toEqual([
      'baleine.yaml:5:12: variable X is not set',
    ]);
  });

  it('without braces are variables of compose files only', () => {
    expect(
      merged({ 'compose.yaml': 'services: { a: { command: $A $$B } }' }, { env: { A: '1' } }),
    ).toEqual({ services: { a: { command: '1 $B' } } });
    expect(
      merged({ 'baleine.yaml': 'containers: { a: { command: $A } }' }, { env: { A: '1' } }),
    ).toEqual({ containers: { a: { command: '$A' } } });
  });

  it('are looked up in every merged file, with its place', () => {
    const files = {
      'compose.yaml': 'services: { a: { image: x } }\n',
      'b.yaml': 'services:\n  a:\n    image: ${A:?give it}\n',
    };
    expect(problems(files, { overrides: ['b.yaml'] })).toEqual([
      'b.yaml:3:12: variable A: give it',
    ]);
  });

  it('in keys stay as they are', () => {
    const text = 'services: { a: { environment: { "$A": $A } } }';
    expect(merged({ 'compose.yaml': text }, { env: { A: '1' } })).toEqual({
      services: { a: { environment: { $A: 1 } } },
    });
  });

  it('a missing --env-file is an error, and a missing .env none', () => {
    const files = { 'compose.yaml': 'services: {}\n' };
    expect(problems(files, { envFiles: ['none'] })).toEqual(['cannot read none: no such file']);
    expect(merged(files)).toEqual({ services: {} });
  });

  it('a wrong line of .env has its place there', () => {
    const files = { 'compose.yaml': 'services: {}\n', '.env': 'A=1\n  =2\nB="x\n' };
    expect(problems(files)).toEqual([
      '.env:2:3: a line of an env file is NAME=value',
      '.env:3:3: a value begins with " and does not end',
    ]);
  });
});

describe('an env file', () => {
  function variables(
    text: string,
    { env = {}, raw = false }: { env?: object; raw?: boolean } = {},
  ) {
    const source = { file: '.env', text, directory: '/' };
    const problems = new Problems(source);
    const lookUp = (name: string) => (env as Record<string, string>)[name];
    const found = parseEnvFile(source, { lookUp, problems, raw });
    problems.throwIfAny();
    return Object.fromEntries([...found].map(([name, { value }]) => [name, value]));
  }

  it.each<[string, string, Record<string, string>]>([
    ['nothing', '', {}],
    ['plain', 'A=b', { A: 'b' }],
    ['several, with empty lines', '\n\nA=1\n\n  B=2\n', { A: '1', B: '2' }],
    ['line ends of other systems', 'A=1\r\nB="2"\r\nC=\r\n', { A: '1', B: '2', C: '' }],
    ['a mark of its encoding', '\uFEFFA=1', { A: '1' }],
    ['a colon', 'A: b', { A: 'b' }],
    ['export', 'export A=1\nexport  B=2', { A: '1', B: '2' }],
    ['a variable named export', 'export=1', { export: '1' }],
    ['empty', 'A=\nB=1', { A: '', B: '1' }],
    ['space around the sign', 'A = b', { A: 'b' }],
    ['space at the end', 'A=b  \nC=d', { A: 'b', C: 'd' }],
    ['a comment', '# x\n  # y\nA=1', { A: '1' }],
    ['a comment after a value', 'A=b # c', { A: 'b' }],
    ['a number sign in a value', 'A=b#c', { A: 'b#c' }],
    ['only a comment', 'A=# c', { A: '' }],
    ['the sign in a value', 'A=b=c', { A: 'b=c' }],
    ['a colon in a value', 'A=http://b:80/?c', { A: 'http://b:80/?c' }],
    ['single quotes', "A='b $X \\n # c'", { A: 'b $X \\n # c' }],
    ['a quote in single quotes', "A='it\\'s'", { A: "it's" }],
    ['double quotes', 'A="b # c"', { A: 'b # c' }],
    ['escapes', 'A="a\\nb\\tc\\"d\\\\e"', { A: 'a\nb\tc"d\\e' }],
    ['several lines', 'A="b\nc"\nD=\'e\nf\'', { A: 'b\nc', D: 'e\nf' }],
    ['a comment after quotes', 'A="b" # c\nD=e', { A: 'b', D: 'e' }],
    ['variables above', 'A=1\nB=${A}2\nC="$A-3"', { A: '1', B: '12', C: '1-3' }],
    ['variables without a value', 'A=${X:-d}\nB=${X}', { A: 'd', B: '' }],
    ['a dollar sign', 'A=$$X\nB="\\$X"', { A: '$X', B: '$X' }],
    ['the last one wins', 'A=1\nA=2', { A: '2' }],
    ['names with dots and dashes', 'a.b=1\nc-d=2', { 'a.b': '1', 'c-d': '2' }],
    ['no backslashes outside of quotes', 'A=a\\nb', { A: 'a\\nb' }],
  ])('has %s', (_what, text, expected) => {
    expect(variables(text)).toEqual(expected);
  });

  it('takes a name without a value from the environment', () => {
    expect(variables('A\nB\nexport C', { env: { A: '1', C: '3' } })).toEqual({ A: '1', C: '3' });
  });

  it('prefers the environment in values, not for them', () => {
    expect(variables('A=1\nB=$A', { env: { A: '9' } })).toEqual({ A: '1', B: '9' });
  });

  it('is taken as it is in the format raw', () => {
    expect(variables('A="b $X # c"\nD=\'e\' \n', { raw: true })).toEqual({
      A: '"b $X # c"',
      D: "'e' ",
    });
  });

  it.each<[string, string, string]>([
    ['no name', '=1', '.env:1:1: a line of an env file is NAME=value'],
    [
      'a name that begins with a digit',
      'A=1\n1A=2',
      '.env:2:1: a line of an env file is NAME=value',
    ],
    ['two words', 'A B', '.env:1:1: a name ends with "="'],
    ['an open quote', "A='b\nc", ".env:1:3: a value begins with ' and does not end"],
    ['text after quotes', 'A="b"c', '.env:1:6: after the closing " only a comment may stand'],
    ['an open variable', 'A=${B', '.env:1:1: a variable begins with "${" and does not end'],
    ['a required variable', 'A=${B:?no}', '.env:1:1: variable B: no'],
  ])('refuses %s', (_what, text, expected) => {
    expect(() => variables(text)).toThrow(expected);
  });
});

describe.each([
  ['compose.yaml', (keys: string) => `services:\n  a:\n    image: x\n${keys}`],
  ['baleine.yaml', (keys: string) => withContainers(`a:\n    image: base\n${keys}`)],
])('variables of a service in %s', (name, file) => {
  const environment = (keys: string, files: Record<string, string> = {}, env = {}) => {
    const { root } = read(
      { [name]: file(`    network_mode: none\n    ${keys}\n`), ...files },
      { env },
    );
    return root.containers.a.environment;
  };

  it('come from the shell or .env if they have no value, or are absent', () => {
    const files = { '.env': 'B=2\n' };
    expect(environment('environment: [A, B, C, D=4]', files, { A: '1' })).toEqual({
      A: '1',
      B: '2',
      D: '4',
    });
    expect(environment('environment: { A: , C: , D: 4 }', {}, { A: '1' })).toEqual({
      A: '1',
      D: 4,
    });
  });

  it('come from env files', () => {
    const files = { 'a.env': 'A=1\nB=$A\n', 'b.env': 'A=2\nC=3\n' };
    expect(environment('env_file: a.env', files)).toEqual({ A: '1', B: '1' });
    expect(environment('env_file: [a.env, b.env]', files)).toEqual({ A: '2', B: '1', C: '3' });
    expect(
      environment('env_file: [{ path: a.env }, { path: none, required: false }]', files),
    ).toEqual({ A: '1', B: '1' });
    expect(environment('env_file: [{ path: a.env, format: raw }]', files)).toEqual({
      A: '1',
      B: '$A',
    });
  });

  it('of environment win over those of env files', () => {
    const files = { 'a.env': 'A=1\nB=2\n' };
    expect(environment('env_file: a.env\n    environment: [A=9]', files)).toEqual({
      A: '9',
      B: '2',
    });
  });

  it('of a missing env file are an error at its name', () => {
    const text = file('    network_mode: none\n    env_file:\n      - none.env');
    const [line] = problems({ [name]: text });
    expect(line).toMatch(/^(compose|baleine)\.yaml:\d+:9: cannot read none\.env: no such file$/);
  });

  it('of a wrong env file are an error in it', () => {
    const text = file('    network_mode: none\n    env_file: a.env');
    expect(problems({ [name]: text, 'a.env': 'A=1\nB C\n' })).toEqual([
      'a.env:2:1: a name ends with "="',
    ]);
  });

  it('labels come from label files', () => {
    const keys = '    network_mode: none\n    label_file: l\n    labels: { a: x }';
    const { root } = read({ [name]: file(keys), l: 'a=1\nb=2\n' });
    expect(root.containers.a.labels).toEqual({ a: 'x', b: '2' });
  });
});
