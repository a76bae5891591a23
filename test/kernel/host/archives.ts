import { writeFileSync } from 'node:fs';

/** One member of a possibly hostile archive: names are written unmodified. */
export interface Member {
  name: string;
  /** File content. */
  text?: string | Buffer;
  /** Type flag of POSIX ustar: `0` file, `1` hard link, `2` link, `3` char, `4` block, `5` folder, `x` extended header. */
  type?: '0' | '1' | '2' | '3' | '4' | '5' | 'x';
  link?: string;
  mode?: number;
  uid?: number;
  gid?: number;
}

/** A tar file with exactly these members (POSIX.1-1988 ustar), even if no tar program would write it. */
export function tarOf(members: Member[]): Buffer {
  return Buffer.concat([...members.flatMap(blocksOf), Buffer.alloc(1024)]);
}

export function writeTar(path: string, members: Member[]): string {
  writeFileSync(path, tarOf(members));
  return path;
}

function blocksOf({ name, text = '', type = '0', link = '', ...rest }: Member): Buffer[] {
  const { mode = 0o644, uid = 0, gid = 0 } = rest;
  const body = typeof text === 'string' ? Buffer.from(text) : text;
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number, at: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  header.write(name, 0, 100, 'utf8');
  octal(mode, 8, 100);
  octal(uid, 8, 108);
  octal(gid, 8, 116);
  octal(body.length, 12, 124);
  octal(0, 12, 136);
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  octal(7, 8, 329);
  octal(0, 8, 337);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    7,
    148,
  );
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
