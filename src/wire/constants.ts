// Constants of the FUSE kernel protocol 7.45, spelled as include/uapi/linux/fuse.h spells them.
// INIT's flags are in init.ts, opcodes in opcodes.ts. Numbers and sizes only, nothing computed from a running system.

export const FUSE_KERNEL_VERSION = 7;
export const FUSE_KERNEL_MINOR_VERSION = 45;
/** Oldest minor version whose frame layouts the decoders and writers speak (64-byte init_out). */
export const FUSE_MIN_MINOR_VERSION = 23;

/** Node ID of the root inode; its generation must be 0. */
export const FUSE_ROOT_ID = 1;
/** uid or gid of a caller that an idmapped mount cannot map. */
export const FUSE_INVALID_UIDGID = 0xffffffff;
/** Smallest buffer that read(2) on /dev/fuse accepts, in bytes. */
export const FUSE_MIN_READ_BUFFER = 8192;
/** Bit 31 of `uniqueHi` (bit 63 of `unique`): the request was pending when NOTIFY_RESEND was sent. */
export const FUSE_UNIQUE_RESEND_HI = 1 << 31;

// fuse_setattr_in.valid
export const FATTR_MODE = 1 << 0;
export const FATTR_UID = 1 << 1;
export const FATTR_GID = 1 << 2;
export const FATTR_SIZE = 1 << 3;
export const FATTR_ATIME = 1 << 4;
export const FATTR_MTIME = 1 << 5;
export const FATTR_FH = 1 << 6;
export const FATTR_ATIME_NOW = 1 << 7;
export const FATTR_MTIME_NOW = 1 << 8;
export const FATTR_LOCKOWNER = 1 << 9;
export const FATTR_CTIME = 1 << 10;
export const FATTR_KILL_SUIDGID = 1 << 11;

// fuse_open_out.open_flags
export const FOPEN_DIRECT_IO = 1 << 0;
export const FOPEN_KEEP_CACHE = 1 << 1;
export const FOPEN_NONSEEKABLE = 1 << 2;
export const FOPEN_CACHE_DIR = 1 << 3;
export const FOPEN_STREAM = 1 << 4;
export const FOPEN_NOFLUSH = 1 << 5;
export const FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;
export const FOPEN_PASSTHROUGH = 1 << 7;

// Flags inside single requests
export const FUSE_RELEASE_FLUSH = 1 << 0;
export const FUSE_RELEASE_FLOCK_UNLOCK = 1 << 1;
export const FUSE_GETATTR_FH = 1 << 0;
export const FUSE_LK_FLOCK = 1 << 0;
export const FUSE_WRITE_CACHE = 1 << 0;
export const FUSE_WRITE_LOCKOWNER = 1 << 1;
export const FUSE_WRITE_KILL_SUIDGID = 1 << 2;
export const FUSE_READ_LOCKOWNER = 1 << 1;
export const FUSE_IOCTL_COMPAT = 1 << 0;
export const FUSE_IOCTL_UNRESTRICTED = 1 << 1;
export const FUSE_IOCTL_RETRY = 1 << 2;
export const FUSE_IOCTL_32BIT = 1 << 3;
export const FUSE_IOCTL_DIR = 1 << 4;
export const FUSE_IOCTL_COMPAT_X32 = 1 << 5;
export const FUSE_IOCTL_MAX_IOV = 256;
export const FUSE_POLL_SCHEDULE_NOTIFY = 1 << 0;
export const FUSE_FSYNC_FDATASYNC = 1 << 0;
export const FUSE_ATTR_SUBMOUNT = 1 << 0;
export const FUSE_ATTR_DAX = 1 << 1;
export const FUSE_OPEN_KILL_SUIDGID = 1 << 0;
export const FUSE_SETXATTR_ACL_KILL_SGID = 1 << 0;
export const FUSE_EXPIRE_ONLY = 1 << 0;
export const FUSE_SETUPMAPPING_FLAG_WRITE = 1 << 0;
export const FUSE_SETUPMAPPING_FLAG_READ = 1 << 1;

// Extension types (fuse_ext_header.type); up to 31 it is a fuse_secctx_header and the number counts contexts
export const FUSE_MAX_NR_SECCTX = 31;
export const FUSE_EXT_GROUPS = 32;

// enum fuse_notify_code
export const FUSE_NOTIFY_POLL = 1;
export const FUSE_NOTIFY_INVAL_INODE = 2;
export const FUSE_NOTIFY_INVAL_ENTRY = 3;
export const FUSE_NOTIFY_STORE = 4;
export const FUSE_NOTIFY_RETRIEVE = 5;
export const FUSE_NOTIFY_DELETE = 6;
export const FUSE_NOTIFY_RESEND = 7;
export const FUSE_NOTIFY_INC_EPOCH = 8;
export const FUSE_NOTIFY_PRUNE = 9;

/** Bytes of each kernel struct, by its kernel name, without what may follow it (names, data). */
export const SIZE = {
  fuse_attr: 88,
  fuse_kstatfs: 80,
  fuse_statx: 256,
  fuse_in_header: 40,
  fuse_out_header: 16,
  fuse_ext_header: 8,
  fuse_supp_groups: 4,
  fuse_secctx: 8,

  fuse_forget_in: 8,
  fuse_forget_one: 16,
  fuse_batch_forget_in: 8,
  fuse_getattr_in: 16,
  fuse_setattr_in: 88,
  fuse_statx_in: 24,
  fuse_mknod_in: 16,
  fuse_mkdir_in: 8,
  fuse_rename_in: 8,
  fuse_rename2_in: 16,
  fuse_link_in: 8,
  fuse_open_in: 8,
  fuse_create_in: 16,
  fuse_read_in: 40,
  fuse_write_in: 40,
  fuse_release_in: 24,
  fuse_flush_in: 24,
  fuse_fsync_in: 16,
  fuse_setxattr_in: 16,
  fuse_setxattr_in_compat: 8,
  fuse_getxattr_in: 8,
  fuse_lk_in: 48,
  fuse_access_in: 8,
  fuse_init_in: 64,
  fuse_init_in_before_7_36: 16,
  fuse_interrupt_in: 8,
  fuse_bmap_in: 16,
  fuse_ioctl_in: 32,
  fuse_poll_in: 24,
  fuse_notify_retrieve_in: 40,
  fuse_fallocate_in: 32,
  fuse_lseek_in: 24,
  fuse_copy_file_range_in: 56,
  fuse_setupmapping_in: 40,
  fuse_removemapping_in: 4,
  fuse_removemapping_one: 16,
  fuse_syncfs_in: 8,

  fuse_entry_out: 128,
  fuse_attr_out: 104,
  fuse_statx_out: 288,
  fuse_open_out: 16,
  fuse_write_out: 8,
  fuse_statfs_out: 80,
  fuse_getxattr_out: 8,
  fuse_lk_out: 24,
  fuse_init_out: 64,
  fuse_bmap_out: 8,
  fuse_ioctl_out: 16,
  fuse_ioctl_iovec: 16,
  fuse_poll_out: 8,
  fuse_lseek_out: 8,
  fuse_copy_file_range_out: 8,
  fuse_dirent: 24,
  fuse_direntplus: 152,

  fuse_notify_poll_wakeup_out: 8,
  fuse_notify_inval_inode_out: 24,
  fuse_notify_inval_entry_out: 16,
  fuse_notify_delete_out: 24,
  fuse_notify_store_out: 24,
  fuse_notify_retrieve_out: 32,
  fuse_notify_prune_out: 16,
} as const;
