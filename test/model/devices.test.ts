import { describe, expect, it } from 'vitest';
import {
  broaderRule,
  deviceListChanges,
  effectiveAccess,
  parseDevice,
  withDefaultRules,
} from '../../src/model/devices.js';

const USUAL = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '136:*'].map((n) => `c ${n} rwm`);

describe('device rules', () => {
  it('are parsed into type, numbers and access', () => {
    expect(parseDevice('c 10:229 mr')).toEqual({ type: 'c', major: 10, minor: 229, access: 'rm' });
    expect(parseDevice('b *:* w')).toEqual({ type: 'b', access: 'w' });
  });

  it('apply in order', () => {
    const own = [{ allow: 'c 10:229 rw' }, { deny: 'c 10:229 w' }, { deny: 'c 1:9 rwm' }];
    expect(
      [...effectiveAccess(withDefaultRules(own))].filter(([, access]) => access !== 'rwm'),
    ).toEqual([
      ['c 1:9', ''],
      ['c 10:229', 'r'],
    ]);
  });

  it.each<[string[], { allow?: string; deny?: string }[], { deny: string[]; allow: string[] }]>([
    [USUAL, [], { deny: [], allow: [] }],
    [['a *:* rwm'], [], { deny: ['a'], allow: USUAL }],
    [[...USUAL, 'c *:* m', 'b *:* m', 'c 10:200 rwm'], [], { deny: [], allow: [] }],
    [USUAL, [{ allow: 'c 10:229 rw' }], { deny: [], allow: ['c 10:229 rw'] }],
    [[...USUAL, 'c 10:229 rwm'], [{ allow: 'c 10:229 rw' }], { deny: ['c 10:229 m'], allow: [] }],
    [[...USUAL, 'b 8:0 rwm'], [], { deny: ['b 8:0 rwm'], allow: [] }],
    [USUAL, [{ deny: 'c 1:9 rwm' }], { deny: ['c 1:9 rwm'], allow: [] }],
    [USUAL.slice(1), [], { deny: [], allow: ['c 1:3 rwm'] }],
    [[...USUAL, 'c 10:200 rwm'], [{ deny: 'c 10:200 rwm' }], { deny: ['c 10:200 rwm'], allow: [] }],
  ])('change %j by %j as desired', (observed, rules, changes) => {
    expect(deviceListChanges(rules as never, observed)).toEqual(changes);
  });

  it('cannot deny part of a broader rule', () => {
    expect(broaderRule([{ deny: 'c 136:3 rwm' }], 0)).toBe('c 136:* rwm');
    expect(broaderRule([{ allow: 'c 10:* r' }, { deny: 'c 10:229 rwm' }], 1)).toBe('c 10:* r');
    expect(broaderRule([{ deny: 'c 136:* rwm' }], 0)).toBeUndefined();
    expect(broaderRule([{ deny: 'b 8:0 rwm' }], 0)).toBeUndefined();
  });
});
