// The header before every request, and the extensions after some (creating ones, when SECURITY_CTX or CREATE_SUPP_GROUP
// was negotiated). A frame is: fuse_in_header, body, extensions; `len` counts all three. Before 7.38 the kernel did not say
// where extensions begin, so SECURITY_CTX must not be negotiated with an older one.

import type { ByteString } from '../bytes.ts';
import { FUSE_EXT_GROUPS, FUSE_MAX_NR_SECCTX, SIZE } from './constants.ts';
import { FrameError } from './frame-error.ts';
import type { Reader } from './reader.ts';

/** fuse_in_header. `unique` and the resend flag in its bit 63 are kept as two signed halves, to be echoed as they came. */
export interface InHeader {
  /** Bytes of the whole frame. */
  len: number;
  opcode: number;
  uniqueLo: number;
  uniqueHi: number;
  nodeid: number;
  uid: number;
  gid: number;
  /** May be a thread id; 0 when the caller is in a foreign pid namespace or the kernel itself asks. */
  pid: number;
  /** Extensions at the frame's end, in units of 8 bytes. */
  totalExtlen: number;
}

/** A header to be filled by readHeader, over and over. */
export function newInHeader(): InHeader {
  return { len: 0, opcode: 0, uniqueLo: 0, uniqueHi: 0, nodeid: 0, uid: 0, gid: 0, pid: 0, totalExtlen: 0 };
}

/**
 * Reads the header of the frame that fills `r`, and leaves `r` on exactly the body: after the header, before the extensions.
 * The halves of `unique` are filled in before anything can be found wrong with the rest.
 */
export function readHeader(r: Reader, out: InHeader): void {
  const size = r.left;
  r.expect(SIZE.fuse_in_header, 'fuse_in_header');
  const at = r.pos;
  out.len = r.u32();
  out.opcode = r.u32();
  out.uniqueLo = r.i32();
  out.uniqueHi = r.i32();
  out.nodeid = r.u64();
  out.uid = r.u32();
  out.gid = r.u32();
  out.pid = r.u32();
  out.totalExtlen = r.u16();
  r.skip(2);
  if (out.len !== size) throw new FrameError(`frame of ${String(size)} bytes says it has ${String(out.len)},`, at);
  const extensions = out.totalExtlen * 8;
  if (extensions > r.left) throw new FrameError(`extensions of ${String(extensions)} bytes do not fit`, r.pos);
  r.end -= extensions;
}

/** What may follow the body of CREATE, MKNOD, MKDIR, SYMLINK and TMPFILE. */
export interface Extensions {
  /** FUSE_EXT_GROUPS: the caller's supplementary groups, as far as the kernel sends them (the parent directory's). */
  groups: number[];
  /** Security labels for the new object: xattr name and a view of its value. */
  contexts: { name: ByteString; context: Buffer }[];
}

/** Reads the extensions that readHeader left after the body; for after the body has been decoded, since it moves `r` there. */
export function readExtensions(r: Reader, totalExtlen: number): Extensions {
  const out: Extensions = { groups: [], contexts: [] };
  const stop = r.end + totalExtlen * 8;
  if (stop > r.buf.length) throw new FrameError(`extensions of ${String(totalExtlen * 8)} bytes do not fit`, r.end);
  let next = r.end;
  while (next < stop) {
    r.reset(r.buf, next, stop);
    r.expect(SIZE.fuse_ext_header, 'fuse_ext_header');
    const at = r.pos;
    const size = r.u32();
    const type = r.u32();
    if (size < SIZE.fuse_ext_header || at + size > stop) throw new FrameError(`extension of ${String(size)} bytes`, at);
    next = at + align8(size);
    r.end = at + size;
    if (type <= FUSE_MAX_NR_SECCTX) readContexts(r, type, out);
    else if (type === FUSE_EXT_GROUPS) readGroups(r, out);
  }
  return out;
}

function readGroups(r: Reader, out: Extensions): void {
  const count = r.u32();
  r.expect(count * 4, 'fuse_supp_groups');
  for (let i = 0; i < count; i++) out.groups.push(r.u32());
}

function readContexts(r: Reader, count: number, out: Extensions): void {
  for (let i = 0; i < count; i++) {
    const at = r.pos;
    r.expect(SIZE.fuse_secctx, 'fuse_secctx');
    const size = r.u32();
    r.skip(4);
    const name = r.name('security context name');
    out.contexts.push({ name, context: r.bytes(size, 'security context') });
    r.skip(align8(r.pos - at) - (r.pos - at));
  }
}

function align8(n: number): number {
  return Math.ceil(n / 8) * 8;
}
