// POSIX ACLs as the kernel passes them in xattrs: a version, then entries of {u16 tag, u16 permissions, u32 id}, little-endian.
// Copies are made of the raw bytes; only what a mode must become without its ACL is read from them.

export const ACL_ACCESS = 'system.posix_acl_access';
export const ACL_DEFAULT = 'system.posix_acl_default';

const VERSION = 2;
const HEADER = 4;
const ENTRY = 8;
const UNDEFINED_ID = 0xffffffff;
const TAGS = { user: 0x01, namedUser: 0x02, group: 0x04, namedGroup: 0x08, mask: 0x10, other: 0x20 } as const;

export interface AclEntry {
  tag: keyof typeof TAGS;
  /** rwx as in a mode's lowest three bits. */
  perm: number;
  /** Of a named user or group. */
  id?: number;
}

/** The xattr value for entries given in the order of TAGS, ids ascending. */
export function encodeAcl(entries: readonly AclEntry[]): Buffer {
  const value = Buffer.alloc(HEADER + ENTRY * entries.length);
  value.writeUInt32LE(VERSION, 0);
  entries.forEach((entry, i) => {
    const at = HEADER + ENTRY * i;
    value.writeUInt16LE(TAGS[entry.tag], at);
    value.writeUInt16LE(entry.perm, at + 2);
    value.writeUInt32LE(entry.id ?? UNDEFINED_ID, at + 4);
  });
  return value;
}

/**
 * The mode that grants nobody more than mode and access ACL together do, for a filesystem that cannot hold the ACL: a mode's group
 * bits are the ACL's mask, and would give the owning group what was meant for named users. An empty `value` leaves the group nothing.
 */
export function modeWithoutAcl(mode: number, value: Uint8Array): number {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let group = 0;
  let mask = 7;
  for (let at = HEADER; at + ENTRY <= value.byteLength; at += ENTRY) {
    const tag = view.getUint16(at, true);
    if (tag === TAGS.group) group = view.getUint16(at + 2, true) & 7;
    else if (tag === TAGS.mask) mask = view.getUint16(at + 2, true) & 7;
  }
  return (mode & ~0o070) | ((group & mask) << 3);
}

/** What a new object gets from a directory's default ACL. */
export interface Inherited {
  readonly mode: number;
  /** Its access ACL; null: the mode says all of it. */
  readonly access: Buffer | null;
}

/**
 * As posix_acl_create in the kernel: `defaults` is the directory's default ACL, `mode` what the maker asks for, to which the umask does not apply. Each
 * grants only what the other does.
 */
export function inheritedFrom(defaults: Buffer, mode: number): Inherited {
  const access = Buffer.from(defaults);
  const at = new Map<number, number>();
  let isExtended = false;
  for (let entry = HEADER; entry + ENTRY <= access.length; entry += ENTRY) {
    const tag = access.readUInt16LE(entry);
    at.set(tag, entry);
    isExtended ||= tag === TAGS.namedUser || tag === TAGS.namedGroup || tag === TAGS.mask;
  }
  let inherited = mode;
  const both = (tag: number, shift: number): void => {
    const entry = at.get(tag);
    if (entry === undefined) return;
    const perm = access.readUInt16LE(entry + 2) & (mode >> shift) & 7;
    access.writeUInt16LE(perm, entry + 2);
    inherited = (inherited & ~(7 << shift)) | (perm << shift);
  };
  both(TAGS.user, 6);
  both(at.has(TAGS.mask) ? TAGS.mask : TAGS.group, 3);
  both(TAGS.other, 0);
  return { mode: inherited, access: isExtended ? access : null };
}
