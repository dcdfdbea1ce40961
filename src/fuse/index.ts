// `rootsync/fuse`: the FUSE kernel protocol for Node, on its own. Two ways to use it:
//
// `serve(mountpoint, module)` mounts the filesystem that a module exports as `operations` and `context`, and runs it in a thread of
// its own. examples/hello.ts is one.
//
// `mountFuse` and a `Session` over a `DeviceChannel` are the parts of that, for programs that manage their own threads:
// `session.run()` serves requests synchronously in the thread that calls it and returns when the mount is gone. Nothing else happens
// in that thread meanwhile, so that signals and timers belong to another one. It must never wait for its own mount; nor should any
// thread of its process, since a process that is killed while it waits for itself never ends (until the connection is aborted).
//
// A handler gets (context, request, argument), writes a reply with the writers below to `request.out`, and returns OK, a negative
// errno, or DEFERRED for an answer later. Operations without a handler are answered ENOSYS. Names are byte strings (bytes.ts).

export { asBytes, display, fromText } from '../bytes.ts';
export type { ByteString } from '../bytes.ts';
export * as errno from '../errno.ts';
export type { Errno } from '../errno.ts';
export * as constants from '../wire/constants.ts';
export type { OpArgs, OpName } from '../wire/opcodes.ts';
export * from '../wire/replies.ts';
export { forEachForget } from '../wire/requests/session.ts';
export type { Attr, StatxAttr } from '../wire/attr.ts';
export type { InitFlag } from '../wire/init.ts';
export { Writer } from '../wire/writer.ts';
export { DeviceChannel } from './channel.ts';
export type { Channel } from './channel.ts';
export { newCounterMemory, quantile, readCounters } from './counters.ts';
export type { Counts, OpCounts } from './counters.ts';
export type { BugReport } from './dispatch.ts';
export { abortConnection, connectionOf, mountFuse, unmountFuse } from './mount.ts';
export type { MountError, MountOptions, Mounted } from './mount.ts';
export { MAX_IO, negotiate } from './negotiate.ts';
export type { Negotiated, Wants } from './negotiate.ts';
export { notificationSink, startNotifier } from './notifier.ts';
export type { Notifier, NotifierHandle } from './notifier.ts';
export type { NotificationSink } from './notify.ts';
export { DEFERRED, NO_REPLY, OK } from './operation.ts';
export type { Deferred, Operation, Operations, Request, ServedOp, SessionOp } from './operation.ts';
export { serve } from './serve.ts';
export type { ServeEnding, ServeOptions, ServedModule, Serving } from './serve.ts';
export { Session } from './session.ts';
export type { Ending, Hooks, SessionOptions } from './session.ts';
