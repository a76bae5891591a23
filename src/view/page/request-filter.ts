import type { IncomingMessage } from 'node:http';

export interface Refusal {
  status: number;
  text: string;
  headers?: Record<string, string>;
}

/**
 * Why a request is refused. A page of another site cannot read this one, but its own name could
 * resolve to 127.0.0.1 (DNS rebinding): then that name is in the Host header.
 */
export function refusalOf(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  port: number,
): Refusal | undefined {
  const names = ['127.0.0.1', 'localhost'];
  const hosts = names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
  if (!hosts.includes(headers.host ?? '')) {
    return { status: 421, text: `This is http://127.0.0.1:${port}/ and nothing else.\n` };
  }
  if (method !== 'GET') {
    return { status: 405, text: 'This page is only for reading.\n', headers: { allow: 'GET' } };
  }
  return undefined;
}

/** Nothing from other origins, nothing inline, no framing, no caching. */
export const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};
