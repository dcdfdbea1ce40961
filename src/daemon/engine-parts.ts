// Puts the merged root together, in the session's thread: the one place that knows how the parts fit. In two steps, since most of it can (and
// so must) be made before anything is mounted, and the rest needs the connection.

import { Admission } from '../capture/admission.ts';
import { Backlog } from '../capture/backlog.ts';
import { Capture } from '../capture/capture.ts';
import { Copies } from '../capture/copies.ts';
import { CopyAhead } from '../capture/copy-ahead.ts';
import { Directories } from '../capture/directories.ts';
import { FlashSync } from '../capture/flash-sync.ts';
import { DiskDirectories } from '../capture/disk-directories.ts';
import { DiskStage } from '../capture/disk-stage.ts';
import { Journal } from '../capture/journal.ts';
import { Kept } from '../capture/kept.ts';
import { Landing } from '../capture/landing.ts';
import { MarkSync } from '../capture/mark-sync.ts';
import { Requesters } from '../capture/requester.ts';
import { Routes } from '../capture/routes.ts';
import { Space } from '../capture/space.ts';
import type { Branch } from '../branch/branch.ts';
import { openDisk, openFlash } from '../branch/open-branch.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import { presumedFeatures } from '../copy/features.ts';
import type { Features } from '../copy/features.ts';
import { probeFeatures } from '../copy/probe.ts';
import { Stage } from '../copy/stage.ts';
import { asBytes, fromText } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EEXIST, errnoName } from '../errno.ts';
import { NextFile } from '../ops/next-file.ts';
import { NextListing } from '../ops/next-listing.ts';
import { DataPath } from '../ops/data-path.ts';
import type { Engine } from '../ops/engine.ts';
import { Listings } from '../ops/listings.ts';
import { putPlus } from '../ops/readdir.ts';
import { Prefill } from '../ops/prefill.ts';
import { RecentFiles } from '../ops/recent-files.ts';
import { KernelCache } from '../ops/kernel-cache.ts';
import { ModeSwitch } from '../ops/mode-switch.ts';
import { DEFAULT_EXCLUDES } from '../policy/default-excludes.ts';
import { BadGlob } from '../policy/exclude-rule.ts';
import { Excludes } from '../policy/excludes.ts';
import type { CurrentMode } from '../policy/mode.ts';
import { mkdirat } from '../sys/link.ts';
import { fstatfs } from '../sys/mount.ts';
import { O_DIRECTORY, O_RDONLY, openat } from '../sys/open.ts';
import { getgid, getuid } from '../sys/process.ts';
import { identityOf } from '../tree/flash-identity.ts';
import { HandleTable } from '../tree/handles.ts';
import type { FileHandle } from '../tree/handles.ts';
import { inoKey } from '../tree/ino.ts';
import { MarkLog } from '../tree/mark-log.ts';
import { MarkStore } from '../tree/mark-store.ts';
import { Marks } from '../tree/marks.ts';
import { MULTI_LINK } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { Tree } from '../tree/tree.ts';
import { Changes } from '../upgrade/changes.ts';
import { Mirror } from '../upgrade/mirror.ts';
import { recover } from '../upgrade/recovery.ts';
import { Ties } from '../upgrade/ties.ts';
import { Wanted } from '../upgrade/wanted.ts';
import type { EntryOut } from '../wire/replies.ts';
import type { LiveConfig } from './config.ts';
import { directoryCopies, isRemote } from './remote-parts.ts';
import type { SessionData } from './session-messages.ts';

const NAME_MAX = 255;
/** Seconds from which on the kernel is to keep what it knows. */
const LONG = 60;
const KEPT = asBytes('kept');

/** All that can be made before there is a connection. */
export interface Groundwork {
  readonly config: LiveConfig;
  readonly flash: Branch;
  readonly disk: Branch;
  readonly stage: Stage;
  /** Flash itself, by what changes when it is copied elsewhere. */
  readonly identity: ByteString;
  /** `.rootsync/kept` */
  readonly keptFd: number;
  readonly features: Features;
  readonly marks: Marks;
  readonly log: MarkLog;
  /** The rules that no command changes. */
  readonly configuredExcludes: Excludes;
  readonly excludes: Excludes;
  readonly procFd: number;
  /** Disk may wait without end. */
  readonly isRemote: boolean;
  /** `.rootsync` */
  readonly home: number;
}

/** What is there once there is a connection. `remote`: how disk is asked, where it may wait without end. */
export interface Connection {
  readonly pool: CopyPool;
  readonly remote: Engine['remote'];
  /** /dev/fuse. */
  readonly fuseFd: number;
  readonly passthrough: boolean;
}

/** The merged root at work. */
export interface Parts {
  readonly engine: Engine;
  readonly copies: Copies;
  readonly journal: Journal;
  readonly space: Space;
  readonly configuredExcludes: Excludes;
  readonly modeSwitch: ModeSwitch;
  readonly diskStage: DiskStage;
}

interface OnDisk {
  readonly diskStage: DiskStage;
  readonly diskDirectories: DiskDirectories;
  readonly copyDown: CopyAhead;
}

/** Opens both branches and what flash remembers; a reason for people where that is impossible. */
export function prepare({ config, layout, liveExcludes }: SessionData, procFd: number): Groundwork | string {
  const flash = openFlash(config.flash);
  if (typeof flash === 'number') return `${config.flash}: ${errnoName(flash)}`;
  const disk = openDisk({
    path: config.disk,
    writable: config.diskWritable,
    hidden: [config.flash, config.mountpoint],
  });
  if (typeof disk === 'number') return `${config.disk}: ${errnoName(disk)}`;
  const marks = new Marks(inoKey);
  const opened = MarkLog.open(layout.home, marks);
  if (typeof opened === 'number') return `${config.flash}/.rootsync/marks: ${errnoName(opened)}`;
  const configuredExcludes = Excludes.compile([...DEFAULT_EXCLUDES, ...config.exclude]);
  if (configuredExcludes instanceof BadGlob) return configuredExcludes.message;
  const excludes = Excludes.compile(liveExcludes, configuredExcludes);
  if (excludes instanceof BadGlob) return excludes.message;
  const keptFd = openKept(layout.home);
  if (keptFd < 0) return `${config.flash}/.rootsync/kept: ${errnoName(keptFd)}`;
  const stage = new Stage(layout.stage);
  const features = probeFeatures(layout.stage);
  return {
    config,
    flash,
    disk,
    stage,
    identity: identityOf(layout.home),
    keptFd,
    features,
    marks,
    log: opened.log,
    configuredExcludes,
    excludes,
    procFd,
    isRemote: isRemote(config.diskRemote, disk),
    home: layout.home,
  };
}

function openKept(home: number): number {
  const made = mkdirat(home, KEPT, 0o700);
  return made < 0 && made !== EEXIST ? made : openat(home, KEPT, O_RDONLY | O_DIRECTORY);
}

/** Joins the parts over a connection. */
export function assemble(ground: Groundwork, { pool, remote, fuseFd, passthrough }: Connection): Parts {
  const { config, flash, disk, stage, features, marks, log, procFd } = ground;
  const tree = new Tree({ flash, disk, marks });
  const current = firstMode(config, tree);
  const wanted = firstWanted(ground);
  const store = new MarkStore(log, marks, tree);
  store.settle(ground.identity);
  const journal = new Journal(tree, new Requesters(procFd, fromText(config.mountpoint)), current);
  const copyOf = directoryCopies(ground, remote);
  const directories = new Directories(tree, stage, features, store, copyOf, (node, degraded) => {
    journal.directoryMade(node, degraded);
    kernel.appeared(node);
    if (wanted.inForce) wanted.add([tree.path(node)]);
  });
  const markSync = new MarkSync(store, pool, features.ordered);
  const ties = new Ties({ tree, marks: store, markSync, stage, features, journal });
  const files = openFiles(tree, features, fuseFd, passthrough);
  const { data } = files;
  const kernel = new KernelCache({ tree, onStat: config.onStat });
  const landing = new Landing({
    tree,
    marks: store,
    stage,
    features,
    directories,
    onNameless: (node, fd) => kept.take(node, fd),
    onMoved: (node) => data.moved(node),
    onLanded: (node) => {
      kernel.appeared(node);
      if (wanted.inForce) landedInUpgrade(ties, wanted, node, tree.path(node));
    },
    onNamed: (node, parent, name) => {
      journal.named(node, parent, name);
      kernel.appeared(node);
      if (wanted.inForce) landedInUpgrade(ties, wanted, node, tree.pathOf(parent, name));
    },
  });
  const kept: Kept = new Kept(tree, ground.keptFd, landing);
  const space = new Space(flash, config.reserve);
  const joint = { tree, pool, stage, directories, journal };
  const admission = new Admission(tree, space, config.maxFileSize);
  const copies = new Copies({ ...joint, admission, backlog: new Backlog(tree, space), landing, current });
  const capture = new Capture({ tree, directories, copies, landing, journal, current, ...rulesOf(ground) });
  // Short times mean that disk changes behind us: then listings are not to be kept either.
  const listings = new Listings(tree, config.attrTimeout >= LONG);
  const { diskStage, ...onDisk } = diskParts(tree, store, markSync, pool);
  const changes = new Changes();
  const mirror = new Mirror({ ...joint, marks: store, markSync, features, space, wanted, changes, ties });
  const engine: Engine = {
    tree,
    marks: store,
    markSync,
    flashSync: new FlashSync(pool, stage.fd, features.ordered),
    files: new HandleTable<FileHandle>(),
    listings,
    ...files,
    kernel,
    nextListing: new NextListing({ tree, listings, data, put: (...what) => putPlus(engine, ...what) }),
    capture,
    kept,
    routes: routesOf(tree, current, capture, journal),
    ...onDisk,
    mirror,
    wanted,
    ties,
    changes,
    aside: new CopyAhead(tree, pool, () => ({ stage, features })),
    pool,
    stage,
    remote,
    entry: newEntry(tree.stat),
    ...constantsOf(config, features),
  };
  recover(tree, journal, mirror);
  resumeUpgrade(current, ties, wanted);
  const modeSwitch = new ModeSwitch({ current, tree, capture, journal, kernel });
  return { engine, copies, journal, space, modeSwitch, diskStage, configuredExcludes: ground.configuredExcludes };
}

function firstMode({ mode }: LiveConfig, tree: Tree): CurrentMode {
  tree.hideDisk = mode === 'rehearse';
  return { mode };
}

function rulesOf({ excludes, config }: Groundwork): { excludes: Excludes; onStat: boolean } {
  return { excludes, onStat: config.onStat };
}

/** What is wanted from the start: what was kept, if the mode was upgrade before, else in upgrade mode what flash has. */
function firstWanted({ config, flash, home }: Groundwork): Wanted {
  const wanted = new Wanted(home);
  const kept = wanted.resume();
  if (config.mode === 'upgrade' && kept < 0) wanted.begin(flash.fd(flash.root));
  return wanted;
}

/** A capture that was under way when the mode began, or one on demand. */
function landedInUpgrade(ties: Ties, wanted: Wanted, node: Node, path: ByteString): void {
  wanted.add([path]);
  if (node.has(MULTI_LINK)) ties.loosen(node);
}

/** The mode goes on, or was given up without a word: by a crash, or by an option. */
function resumeUpgrade({ mode }: CurrentMode, ties: Ties, wanted: Wanted): void {
  if (mode === 'upgrade') ties.loosen();
  else if (wanted.inForce) {
    ties.fasten(wanted.all);
    wanted.end();
  }
}

type Constants = Pick<Engine, 'timeout' | 'timeoutNsec' | 'nameMax' | 'features' | 'ownUid' | 'ownGid'>;

function constantsOf({ attrTimeout }: LiveConfig, features: Features): Constants {
  return {
    timeout: Math.floor(attrTimeout),
    timeoutNsec: Math.round((attrTimeout % 1) * 1e9),
    nameMax: Math.min(NAME_MAX, features.nameMax),
    features,
    ownUid: getuid(),
    ownGid: getgid(),
  };
}

/** What makes and copies things on disk. */
function diskParts(tree: Tree, marks: MarkStore, markSync: MarkSync, pool: CopyPool): OnDisk {
  const diskStage = new DiskStage(tree.disk);
  const diskDirectories = new DiskDirectories(tree, marks, markSync, diskStage);
  return { diskStage, diskDirectories, copyDown: new CopyAhead(tree, pool, () => diskStage.open()) };
}

function routesOf(tree: Tree, current: CurrentMode, rules: Capture, journal: Journal): Routes {
  return new Routes({
    tree,
    current,
    rules,
    onSpill: (path, kind, req) => {
      journal.spill(path, kind, req);
    },
  });
}

/** What serves the data of open files. */
function openFiles(tree: Tree, features: Features, fuseFd: number, passthrough: boolean): OpenFiles {
  const prefill = new Prefill(fuseFd);
  const nextFile = new NextFile(tree, prefill);
  const recentFiles = new RecentFiles(fuseFd);
  const data = new DataPath({ tree, fuseFd, passthrough, ...mappings(features, tree.disk), nextFile, recentFiles });
  return { data, prefill, nextFile, recentFiles };
}

type OpenFiles = Pick<Engine, 'data' | 'prefill' | 'nextFile' | 'recentFiles'>;

/** Which branches can be mapped shared and writable. */
function mappings(ofFlash: Features, disk: Branch): { sharedMmap: boolean; diskSharedMmap: boolean } {
  const fs = fstatfs(disk.fd(disk.root));
  const diskSharedMmap = typeof fs === 'number' || presumedFeatures(fs.type, fs.namelen).sharedWritableMmap;
  return { sharedMmap: ofFlash.sharedWritableMmap, diskSharedMmap };
}

function newEntry(attr: EntryOut['attr']): EntryOut {
  return { nodeid: 0, generation: 0, entryValid: 0, entryValidNsec: 0, attrValid: 0, attrValidNsec: 0, attr };
}
