// Which filesystem something is on, by the magic number of statfs(2), and what is known of some before anything is tried.

const names = new Map<number, string>([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0xf2f52010, 'f2fs'],
  [0x72b6, 'jffs2'],
  [0x24051905, 'ubifs'],
  [0x794c7630, 'overlay'],
  [0x65735546, 'fuse'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
  [0x5346544e, 'ntfs'],
  [0x7366746e, 'ntfs3'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x6a656a63, 'virtiofs'],
  [0x786f4256, 'vboxsf'],
  [0xf15f, 'ecryptfs'],
  [0x73717368, 'squashfs'],
  [0xe0f5e1e2, 'erofs'],
  [0x9660, 'iso9660'],
  [0x15013346, 'udf'],
  [0x3153464a, 'jfs'],
  [0x52654973, 'reiserfs'],
  [0x3434, 'nilfs2'],
  [0x2fc12fc1, 'zfs'],
  [0xca451a4e, 'bcachefs'],
  [0x482b, 'hfsplus'],
  [0xadf5, 'adfs'],
  [0x1cd1, 'devpts'],
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
]);

/** Those that somebody else answers for, a server or a process, who may be gone. */
const ANSWERED_FOR: ReadonlySet<number> = new Set([
  0x6969, // nfs
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x517b, // smbfs
  0x01021997, // 9p
  0x65735546, // fuse; virtiofs gives this one, too
  0x6a656a63, // virtiofs
  0x786f4256, // vboxsf
  0x00c36400, // ceph
  0x5346414f, // openafs
  0x6b414653, // afs of the kernel
  0x73757245, // coda
  0x0bd00bd0, // lustre
  0x7461636f, // ocfs2
  0x01161970, // gfs2
  0x20030528, // orangefs
  0x47504653, // gpfs
]);

/** Whether a call on it may wait without end, for somebody else's answer. */
export function mayWait(magic: number): boolean {
  return ANSWERED_FOR.has(magic);
}

/** The filesystem's name, as in /proc/filesystems where it has one number of its own (ext2, ext3 and ext4 share theirs); `0x...` when unknown. */
export function filesystemType(magic: number): string {
  return names.get(magic) ?? `0x${magic.toString(16)}`;
}
