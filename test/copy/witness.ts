// An independent account of what is in a directory: from Node's own calls, getfattr and perl; nothing of src/ but the
// names. Two directories are equal copies when their accounts are deep-equal.

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { tool } from './images.ts';

export interface Account {
  type: string;
  mode: string;
  owner: string;
  size: string;
  atime: string;
  mtime: string;
  device: string;
  target: string;
  content: string;
  /** Where a file has data: `start-end ...`. */
  segments: string;
  xattrs: Record<string, string>;
}

const HASHED = 1n << 26n;

// Attribute names begin with this where xfs shows ACLs a second time.
const XFS_ACL = 'trusted.SGI_ACL_';

// `getfattr` escapes names in its own way; inode numbers lead back to them.
function xattrsByInode(dir: string): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  const inodes = new Map<string, string>();
  for (const name of readdirSync(dir, 'buffer')) {
    const path = Buffer.concat([Buffer.from(`${dir}/`), name]);
    inodes.set(name.toString('latin1'), String(lstatSync(path, { bigint: true }).ino));
  }
  const onXfs = tool('stat', ['-f', '-c', '%T', dir]).trim() === 'xfs';
  const text = tool('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], dir);
  for (const block of text.split('\n\n')) {
    const [head, ...lines] = block.split('\n');
    if (!head?.startsWith('# file: ')) continue;
    const escaped = head.slice('# file: '.length);
    const name = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    const inode = inodes.get(name);
    if (inode === undefined) continue;
    const shown = lines.filter((line) => line !== '' && !(onXfs && line.startsWith(XFS_ACL)));
    found.set(inode, Object.fromEntries(shown.map((line) => line.split('=') as [string, string])));
  }
  return found;
}

// Debian always has perl; its sysseek hands SEEK_DATA (3) and SEEK_HOLE (4) through.
const SEGMENTS = `
  opendir(my $dir, ".") or die;
  for my $name (readdir $dir) {
    next if -l $name || ! -f $name;
    open(my $file, "<", "./$name") or die;
    my ($at, $size, $out) = (0, -s $file, "");
    while ($at < $size && defined(my $start = sysseek($file, $at, 3))) {
      $at = sysseek($file, $start, 4);
      $out .= " " . ($start + 0) . "-" . ($at + 0);
    }
    print unpack("H*", $name), $out, "\\n";
  }`;

/** Where each file of a directory has data, by name. */
export function segments(dir: string): Map<string, string> {
  const lines = tool('perl', ['-e', SEGMENTS], dir).trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [hex = '', ...ranges] = line.split(' ');
      return [Buffer.from(hex, 'hex').toString('latin1'), ranges.join(' ')];
    }),
  );
}

/** The account of every object directly in `dir`, by name (bytes as latin1). */
export function witness(dir: string): Record<string, Account> {
  tool('sync', ['-f', dir]);
  const names = readdirSync(dir, 'buffer');
  const stats = names.map((name) => lstatSync(Buffer.concat([Buffer.from(`${dir}/`), name]), { bigint: true }));
  const xattrs = xattrsByInode(dir);
  const data = segments(dir);
  const entries = names.map((name, i): [string, Account] => {
    const path = Buffer.concat([Buffer.from(`${dir}/`), name]);
    const stat = stats[i]!;
    const hashed = stat.isFile() && stat.size <= HASHED;
    return [
      name.toString('latin1'),
      {
        type: String(stat.mode & 0o170000n),
        mode: (stat.mode & 0o7777n).toString(8),
        owner: `${stat.uid}:${stat.gid}`,
        size: stat.isDirectory() ? '' : String(stat.size),
        atime: String(stat.atimeNs),
        mtime: String(stat.mtimeNs),
        device: String(stat.rdev),
        target: stat.isSymbolicLink() ? readlinkSync(path, 'latin1') : '',
        content: hashed ? createHash('sha256').update(readFileSync(path)).digest('hex') : '',
        segments: data.get(name.toString('latin1')) ?? '',
        xattrs: xattrs.get(String(stat.ino)) ?? {},
      },
    ];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
