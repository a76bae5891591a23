import type { IdRange } from '../../../model/container-values.js';
import { UserError } from '../../../model/errors.js';
import { readInRootfs } from '../rootfs/resolve.js';

export interface User {
  uid: number;
  gid: number;
  additionalGids: number[];
  /** `/` for a user without an entry in the tree. */
  home: string;
}

interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface Group {
  name: string;
  gid: number;
  members: string[];
}

/** (uid_t) -1 means "leave unchanged" to the kernel. */
const MAX_ID = 2 ** 32 - 2;

/**
 * Resolves a user in the tree's own /etc/passwd and /etc/group (passwd(5), group(5)): `name`,
 * `uid`, `name:group`, `uid:gid`. Without a user, as in `:gid`, it is root. Without a group, as in
 * `uid` or `uid:`, it gets the user's own group and those that list it as a member; numbers need no
 * entry. The primary group is also a supplementary group, as after a login: otherwise a
 * set-group-ID program could drop it, and with it any restriction of that group (CVE-2022-36109 of
 * Docker).
 *
 * @param more names or numbers of groups that it is in besides
 * @throws UserError for a name that is not in the tree
 */
export function resolveUser(tree: string, text: string, more: readonly string[] = []): User {
  const user = withOwnGroups(tree, text);
  if (more.length === 0) return user;
  const groups = groupsOf(tree);
  const gids = more.map((each) => findGroup(groups, each, text));
  const all = new Set([...user.additionalGids, ...gids]);
  return { ...user, additionalGids: [...all].sort((a, b) => a - b) };
}

function withOwnGroups(tree: string, text: string): User {
  const [who, group] = text.split(':').map((part) => part || undefined);
  const account = findAccount(tree, who ?? '0', text);
  const groups = group === undefined || !/^\d+$/.test(group) ? groupsOf(tree) : [];
  const { uid, home, name } = account;
  if (group !== undefined) {
    const gid = findGroup(groups, group, text);
    return { uid, gid, additionalGids: [gid], home };
  }
  const member = groups.filter(({ members }) => name && members.includes(name));
  const gids = new Set([account.gid, ...member.map(({ gid }) => gid)]);
  return { uid, gid: account.gid, additionalGids: [...gids].sort((a, b) => a - b), home };
}

/** @throws UserError for a user or group without an id in the namespace */
export function checkMapped({ uid, gid, additionalGids }: User, text: string, ids: IdRange): void {
  const beyond = [uid, gid, ...additionalGids].find((id) => id >= ids.count);
  if (beyond === undefined) return;
  throw new UserError(
    `cannot run as user ${text}: with userns: auto there is no id ${beyond}, only 0 to ${ids.count - 1}`,
    'Give it another user, or leave out userns',
  );
}

function findAccount(tree: string, who: string, text: string): Account {
  const accounts = lines(readInRootfs(tree, '/etc/passwd')).flatMap(accountOf);
  const uid = idOf(who);
  const found = accounts.find((each) => (uid === undefined ? each.name === who : each.uid === uid));
  if (found) return found;
  if (uid !== undefined) return { name: '', uid, gid: 0, home: '/' };
  throw unknown(text, `no user ${who} in the image’s /etc/passwd`);
}

function findGroup(groups: Group[], group: string, text: string): number {
  const gid = idOf(group) ?? groups.find(({ name }) => name === group)?.gid;
  if (gid !== undefined) return gid;
  throw unknown(text, `no group ${group} in the image’s /etc/group`);
}

function unknown(user: string, cause: string): UserError {
  return new UserError(
    `cannot run as user ${user}: ${cause}`,
    'Add it to the image, or use numbers: "1000:1000"',
  );
}

function accountOf(line: string): Account[] {
  const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
  const [user, group] = [idOf(uid), idOf(gid)];
  if (user === undefined || group === undefined) return [];
  return [{ name, uid: user, gid: group, home: home.startsWith('/') ? home : '/' }];
}

function groupsOf(tree: string): Group[] {
  return lines(readInRootfs(tree, '/etc/group')).flatMap((line) => {
    const [name = '', , number = '', members = ''] = line.split(':');
    const gid = idOf(number);
    return gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

const lines = (text = '') => text.split('\n');

function idOf(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}
