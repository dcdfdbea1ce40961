// The kernel speaks the host's byte order on /dev/fuse. Every machine that rootsync runs on (x86-64, arm, arm64, riscv64) is
// little-endian; loading this layer on any other fails here, once, instead of decoding nonsense later.

if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) {
  throw new Error('rootsync speaks the FUSE protocol on little-endian machines only');
}

/** The second argument of every DataView access in this layer. */
export const LITTLE = true;
