import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AuthConfig } from 'dockerode';
import { messageOf, UserError } from '../../model/errors.js';
import { run } from '../linux/process/run.js';

/** What baleine reads of containers-auth.json(5), which is also that of the docker client. */
interface AuthFile {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  /** Programs `docker-credential-NAME`, by registry. */
  credHelpers?: Record<string, string>;
  /** One for all registries. */
  credsStore?: string;
}

const DOCKER_HUB = 'docker.io';
/** The name that the docker client has for it. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';
/** Milliseconds of a credential helper. */
const TIMEOUT = 10_000;
/** Bytes. */
const MAX_ANSWER = 64 * 1024;

/**
 * The login that this host has for the registry of an image, of `skopeo login` or `docker login`.
 *
 * @param image a reference
 * @returns undefined if it has none
 * @throws UserError for a file that cannot be read, or a helper that fails
 */
export async function credentialsFor(image: string): Promise<AuthConfig | undefined> {
  const repository = repositoryOf(image);
  const registry = repository.split('/', 1)[0] ?? '';
  const server = registry === DOCKER_HUB ? DOCKER_HUB_KEY : registry;
  for (const path of authFiles()) {
    const { auths = {}, credHelpers = {}, credsStore } = readAuthFile(path);
    const helper = credHelpers[registry] ?? credHelpers[server];
    if (helper) return askHelper(helper, server);
    const entries = new Map(Object.entries(auths).map(([key, each]) => [nameOf(key), each]));
    const found = namesOf(repository).flatMap((name) => entries.get(name) ?? [])[0];
    if (found?.identitytoken)
      return { ...NOBODY, serveraddress: server, identitytoken: found.identitytoken } as AuthConfig;
    if (found?.auth) return { ...decoded(found.auth, path), serveraddress: server };
    if (credsStore && found) return askHelper(credsStore, server);
  }
  return undefined;
}

const NOBODY = { username: '', password: '' };

/** `docker.io/library/nginx` of `nginx:1`. */
function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const [first = '', ...others] = name.split('/');
  const isHost = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (isHost) return name;
  return `${DOCKER_HUB}/${others.length > 0 ? name : `library/${name}`}`;
}

/** A repository and all that it is in, the most specific first: a login may be for a part of a registry. */
function namesOf(repository: string): string[] {
  const parts = repository.split('/');
  return parts.map((_, at) => parts.slice(0, parts.length - at).join('/'));
}

/** The docker client may have a key with a protocol and a path. */
function nameOf(key: string): string {
  const url = /^https?:\/\/([^/]+)/.exec(key)?.[1];
  const name = url ?? key;
  return name === 'index.docker.io' ? DOCKER_HUB : name;
}

/** In the order of skopeo(1), which pushes. */
function authFiles(): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = process.env;
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
  const home = homedir();
  const runtime = XDG_RUNTIME_DIR || `/run/containers/${process.getuid?.() ?? 0}`;
  return [
    join(runtime, XDG_RUNTIME_DIR ? 'containers/auth.json' : 'auth.json'),
    join(XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json'),
    join(DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
  ];
}

function readAuthFile(path: string): AuthFile {
  const purpose = `read the logins of registries in ${path}`;
  try {
    return parsed(readFileSync(path, 'utf8'), purpose) as AuthFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot ${purpose}: ${messageOf(error)}`);
  }
}

/** The message of JSON.parse would quote the text, which has passwords in it. */
function parsed(text: string, purpose: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`cannot ${purpose}: it is no JSON`);
  }
}

function decoded(auth: string, path: string): { username: string; password: string } {
  const text = Buffer.from(auth, 'base64').toString();
  const at = text.indexOf(':');
  if (at === -1) throw new UserError(`cannot read ${path}: an \`auth\` is no USER:PASSWORD`);
  // some clients end it with NULs
  return { username: text.slice(0, at), password: text.slice(at + 1).replace(/\0+$/, '') };
}

async function askHelper(name: string, server: string): Promise<AuthConfig | undefined> {
  const purpose = `get the login of ${server}`;
  const options = {
    input: server,
    timeout: TIMEOUT,
    maxOutput: MAX_ANSWER,
    reject: false,
    purpose,
  };
  const { code, stdout, stderr } = await run(`docker-credential-${name}`, ['get'], options);
  if (code === 0) {
    const { Username, Secret } = parsed(stdout, purpose) as { Username: string; Secret: string };
    if (Username !== '<token>') {
      return { username: Username, password: Secret, serveraddress: server };
    }
    return { ...NOBODY, serveraddress: server, identitytoken: Secret } as AuthConfig;
  }
  if (/credentials not found/.test(stdout)) return undefined;
  throw new UserError(`cannot ${purpose}: docker-credential-${name}: ${stdout || stderr}`);
}
