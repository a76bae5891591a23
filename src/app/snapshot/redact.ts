import { createHmac, randomBytes } from 'node:crypto';

/**
 * Replaces the values of all environment variables, of containers and images, and the texts of
 * configs, by keyed hashes:
 * equal values stay equal within the result, and nothing else can be learned, because the key is
 * forgotten.
 */
export function redact<T>(value: T): T {
  const key = randomBytes(32);
  const hash = (text: string) =>
    `hash:${createHmac('sha256', key).update(text).digest('hex').slice(0, 16)}`;
  return redactIn(value, hash) as T;
}

type Hash = (text: string) => string;

function redactIn(value: unknown, hash: Hash): unknown {
  if (Array.isArray(value)) return value.map((each) => redactIn(each, hash));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    redactMember(name, member, hash),
  ]);
  return Object.fromEntries(members);
}

function redactMember(name: string, member: unknown, hash: Hash): unknown {
  if (name === 'environment' && isObject(member)) {
    const variables = Object.entries(member).map(([variable, value]) => [
      variable,
      typeof value === 'string' ? hash(value) : redactIn(value, hash),
    ]);
    return Object.fromEntries(variables);
  }
  // the texts of configs: as declared, as read, and as they are on the host
  const isText = name === 'content' || name.startsWith('probe.configText ');
  if (isText && typeof member === 'string') return hash(member);
  if (name === 'fileTexts' && isObject(member)) {
    return Object.fromEntries(Object.entries(member).map(([key, text]) => [key, hash(text)]));
  }
  // the same in an image config of another tool
  if (name === 'Env' && Array.isArray(member)) {
    return member.map((each) => (typeof each === 'string' ? redactAssignment(each, hash) : each));
  }
  return redactIn(member, hash);
}

/** `NAME=value` */
function redactAssignment(text: string, hash: Hash): string {
  const [name = ''] = text.split('=', 1);
  return `${name}=${hash(text.slice(name.length + 1))}`;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
