import { expect, it } from 'vitest';
import { HEADERS, refusalOf } from '../../../src/view/page/request-filter.js';

const status = (method: string, host: string | undefined, port = 7077) =>
  refusalOf({ method, headers: { ...(host !== undefined && { host }) } }, port)?.status;

it.each(['127.0.0.1:7077', 'localhost:7077'])('answers to %s', (host) => {
  expect(status('GET', host)).toBeUndefined();
});

it.each([
  undefined,
  '',
  '127.0.0.1',
  'localhost:80',
  '127.0.0.1:7078',
  'rebound.example:7077',
  '127.0.0.1:7077.rebound.example',
  'localhost:7077 ',
  '[::1]:7077',
])('does not answer to %s', (host) => {
  expect(status('GET', host)).toBe(421);
});

it('accepts a Host header without the default port', () => {
  expect(status('GET', 'localhost', 80)).toBeUndefined();
});

it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses to %s', (method) => {
  expect(status(method, 'localhost:7077')).toBe(405);
});

it('forbids foreign resources and inline scripts', () => {
  const policy = HEADERS['content-security-policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
});
