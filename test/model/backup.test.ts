import { describe, expect, it } from 'vitest';
import { hasPassword, repositoryFolder } from '../../src/model/backup.js';

describe('a repository of restic', () => {
  it.each([
    ['/srv/backup', '/srv/backup'],
    ['./backup', './backup'],
    ['local:/srv/backup', '/srv/backup'],
    ['C:odd', 'C:odd'],
    ['sftp:me@nas:/srv', undefined],
    ['rest:https://host/', undefined],
    ['s3:https://host/bucket', undefined],
    ['rclone:remote:path', undefined],
  ])('%s is the folder %s', (repository, folder) => {
    expect(repositoryFolder(repository)).toBe(folder);
  });

  it('in a file may be anywhere', () => {
    expect(repositoryFolder({ file: '/etc/where' })).toBeUndefined();
  });

  it.each([
    ['rest:https://me:secret@host/', true],
    ['rest:http://:secret@host/', true],
    ['sftp://me:secret@host/srv', true],
    ['rest:https://me@host/', false],
    ['rest:https://host:8000/a@b', false],
    ['sftp:me@host:/srv', false],
    ['/srv/a:b@c', false],
  ])('%s has a password: %s', (repository, expected) => {
    expect(hasPassword(repository)).toBe(expected);
  });
});
