import { expect, it } from 'vitest';
import { baseImages, stagesOf } from '../../../../src/host/linux/images/base-images.js';

const names = (...given: Parameters<typeof baseImages>) =>
  baseImages(...given).map(({ name }) => name);

const ref = (text: string) => `\${${text}}`;

it.each([
  ['one', 'FROM debian:12\nRUN true\n', ['debian:12']],
  ['none', 'FROM scratch\nCOPY a /a\n', []],
  ['one with its words in other cases', 'from debian as Base\nFROM base\n', ['debian']],
  ['one of each stage, once', 'FROM a AS x\nFROM b\nFROM x\nFROM a\n', ['a', 'b']],
  [
    'one that files are copied from',
    'FROM a AS x\nCOPY --chown=1 --from=b /f /\nCOPY --from=x /f /\nCOPY --from=0 /g /\n',
    ['a', 'b'],
  ],
  ['one over two lines, between comments', '# FROM no\n\nFROM \\\n # why\n  a\n', ['a']],
  [
    'one before texts that look like it',
    'FROM a\nRUN <<EOF\nFROM b\nEOF\nRUN echo \\\nFROM c\n',
    ['a'],
  ],
  ['one with a default', 'ARG V=12\nFROM debian:$V\n', ['debian:12']],
  [
    'one with a default in quotes',
    `ARG V="12"\nARG N=debian:${ref('V')}\nFROM ${ref('N')}\n`,
    ['debian:12'],
  ],
  [
    'one with a default of its place',
    `ARG V\nFROM debian:${ref('V:-11')}${ref('V:+x')}\n`,
    ['debian:11'],
  ],
  ['not one of an unknown name', 'ARG V\nFROM debian:$V\n', []],
])('finds %s', (_what, text, expected) => {
  expect(names(text)).toEqual(expected);
});

it('takes build arguments before defaults, and only those before the first stage', () => {
  const text = 'ARG V=12\nFROM debian:$V\nARG V=13\nFROM debian:$V-slim\n';
  expect(names(text, { V: '11' })).toEqual(['debian:11', 'debian:11-slim']);
});

it('goes up to the target, by its name or its number', () => {
  const text = 'FROM a AS One\nFROM b AS two\nFROM c\n';
  expect(names(text, {}, 'one')).toEqual(['a']);
  expect(names(text, {}, '1')).toEqual(['a', 'b']);
  expect(names(text, {}, undefined)).toEqual(['a', 'b', 'c']);
});

it('keeps the platform of each', () => {
  expect(baseImages('FROM --platform=linux/arm64 a\nFROM a\n')).toEqual([
    { name: 'a', platform: 'linux/arm64' },
    { name: 'a' },
  ]);
});

it('are for the platform of the result, but where the Dockerfile names one', () => {
  const text = 'FROM --platform=$BUILDPLATFORM a\nFROM b-$TARGETOS-$TARGETARCH\nFROM scratch\n';
  expect(baseImages(text, {}, undefined, [], 'wasi/wasm')).toEqual([
    { name: 'a', platform: expect.stringMatching(/^linux\/\w+$/) },
    { name: 'b-wasi-wasm', platform: 'wasi/wasm' },
  ]);
});

it('takes the name of another folder for no image', () => {
  const text = 'FROM a\nCOPY --from=more /f /\nCOPY --from=b /f /\n';
  expect(names(text, {}, undefined, ['more'])).toEqual(['a', 'b']);
});

it('knows the variables of every build', () => {
  const text = 'FROM --platform=$BUILDPLATFORM a AS one\nFROM a-$TARGETARCH:$TARGETOS\n';
  const [built, target] = baseImages(text);
  expect(built).toMatchObject({ name: 'a', platform: expect.stringMatching(/^linux\/\w+$/) });
  expect(target?.name).toMatch(/^a-\w+:linux$/);
});

it('lists the stages', () => {
  expect(stagesOf('FROM a\nFROM --platform=x b AS Two\nRUN x\nFROM two\n')).toEqual([
    '',
    'two',
    '',
  ]);
});
