import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { credentialsFor } from '../../../src/host/docker/credentials.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'logins-'));
  vi.stubEnv('REGISTRY_AUTH_FILE', '');
  vi.stubEnv('XDG_RUNTIME_DIR', join(dir, 'run'));
  vi.stubEnv('XDG_CONFIG_HOME', join(dir, 'config'));
  vi.stubEnv('DOCKER_CONFIG', join(dir, 'docker'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

function write(folder: 'run/containers' | 'docker', file: object | string): void {
  mkdirSync(join(dir, folder), { recursive: true });
  const name = folder === 'docker' ? 'config.json' : 'auth.json';
  writeFileSync(join(dir, folder, name), typeof file === 'string' ? file : JSON.stringify(file));
}

describe('the login for the registry of an image', () => {
  it('is none without a file, or with one for other registries', async () => {
    expect(await credentialsFor('registry.example/app:1')).toBeUndefined();
    write('docker', { auths: { 'other.example': { auth: base64('ann:x') } } });
    expect(await credentialsFor('registry.example/app:1')).toBeUndefined();
    expect(await credentialsFor('app')).toBeUndefined();
  });

  it('is that of the most specific part of the repository', async () => {
    write('run/containers', {
      auths: {
        'registry.example:5000': { auth: base64('ann:pass:word') },
        'registry.example:5000/team': { auth: base64('bob:x\0') },
      },
    });
    const serveraddress = 'registry.example:5000';
    expect(await credentialsFor('registry.example:5000/app@sha256:00')).toEqual({
      ...{ username: 'ann', password: 'pass:word', serveraddress },
    });
    expect(await credentialsFor('registry.example:5000/team/app:1')).toEqual({
      ...{ username: 'bob', password: 'x', serveraddress },
    });
    expect(await credentialsFor('registry.example:5000/teams/app:1')).toMatchObject({
      username: 'ann',
    });
  });

  it('is that of skopeo before that of docker, whose keys are addresses', async () => {
    const hub = 'https://index.docker.io/v1/';
    write('docker', { auths: { [hub]: { auth: base64('ann:x') } } });
    expect(await credentialsFor('nginx')).toEqual({
      ...{ username: 'ann', password: 'x', serveraddress: hub },
    });
    write('run/containers', { auths: { 'docker.io': { auth: base64('bob:y') } } });
    expect(await credentialsFor('team/nginx:1')).toMatchObject({ username: 'bob' });
  });

  it('is asked of a helper, which may have none', async () => {
    const helper = join(dir, 'docker-credential-safe');
    const answer = { Username: 'ann', Secret: 'x' };
    const script = [
      ...['#!/bin/sh', 'read -r server'],
      `[ "$server" = registry.example ] && echo '${JSON.stringify(answer)}' && exit 0`,
      ...['echo "credentials not found in native keychain"', 'exit 1'],
    ];
    writeFileSync(helper, script.join('\n'));
    chmodSync(helper, 0o755);
    vi.stubEnv('PATH', `${dir}${delimiter}${process.env.PATH}`);
    write('docker', {
      auths: { 'registry.example': {}, 'other.example': {} },
      credsStore: 'safe',
    });
    expect(await credentialsFor('registry.example/app')).toEqual({
      ...{ username: 'ann', password: 'x', serveraddress: 'registry.example' },
    });
    expect(await credentialsFor('other.example/app')).toBeUndefined();
    write('docker', { credHelpers: { 'registry.example': 'absent' } });
    await expect(credentialsFor('registry.example/app')).rejects.toThrow(
      /^cannot get the login of registry\.example: docker-credential-absent: /,
    );
  });

  it('is refused from a file that is no JSON, of which nothing is shown', async () => {
    write('docker', '{"auths": password');
    await expect(credentialsFor('nginx')).rejects.toThrow(
      /^cannot read the logins of registries in \S*json: it is no JSON$/,
    );
  });
});
