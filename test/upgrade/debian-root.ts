// A Debian that is upgraded: on disk all of it, on flash what a set of its programs has used, and the merged root in mode upgrade.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../src/control/protocol.ts';
import { MountedRoot } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { debianTree } from '../run/debian-tree.ts';
import { begin, treeOf } from '../workloads/programs.ts';
import { agreement } from './agreement.ts';
import { buildPackages, inDebian, installedDebian } from './debian-packages.ts';

/** What a device does, so that flash has it. */
const USE = `bash --login -c 'echo "$HOME"'; dpkg -l >/dev/null; apt-get --version >/dev/null; gamma; gamma >/dev/null
  sort /etc/passwd | sed s/a/b/ | tail -n1; ls -l / >/dev/null; cp /etc/passwd /tmp/x; rm /tmp/x; ldconfig -p >/dev/null; echo 1 | gzip | gunzip`;

export class DebianRoot implements AsyncDisposable {
  readonly root: MountedRoot;

  private constructor(root: MountedRoot) {
    this.root = root;
  }

  /** In mode upgrade, with a flash in use; `prepared`: disk holds the system already. */
  static async start(options: RootOptions & { readonly prepared?: boolean } = {}): Promise<DebianRoot> {
    const root = new MountedRoot({ ...options, config: { mode: null, ...options.config } });
    try {
      if (options.prepared !== true) await prepareDebian(root.disk, join(root.dir, 'repo'));
      await root.start();
      await inDebian(root.mountpoint, USE);
      await root.settle();
      await root.switchMode('upgrade');
      return new DebianRoot(root);
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** After a crash: flash alone starts its shell, then it is mounted again. */
  static async resume(options: RootOptions): Promise<DebianRoot> {
    const debian = new DebianRoot(new MountedRoot({ ...options, config: { mode: null } }));
    try {
      assert.equal(await debian.alone('/bin/bash', '-c', 'echo alive'), 'alive\n');
      await debian.root.start();
      return debian;
    } catch (error) {
      await debian[Symbol.asyncDispose]();
      throw error;
    }
  }

  do(script: string): Promise<string> {
    return inDebian(this.root.mountpoint, script);
  }

  /** A line per object of flash, by path. */
  async onFlash(): Promise<Map<string, string>> {
    const lines = await treeOf(this.root.flash, { times: true, without: ['/.rootsync'] });
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line]));
  }

  /** Once flash has followed: the two branches agree, and nothing was warned of. */
  async inSync(): Promise<void> {
    const { root } = this;
    await root.settle();
    assert.deepEqual(agreement(root), []);
    const { mirror } = (await root.status()) as Status;
    assert.deepEqual([mirror.pending, mirror.failed], [0, 0]);
    assert.deepEqual(root.warnings, []);
  }

  /** What a program of flash alone prints; it must succeed, and complain of nothing. */
  async alone(...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await begin(['chroot', this.root.flash, ...words]).ended;
    assert.deepEqual([status, stderr], [0, ''], words.join(' '));
    return stdout;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.root[Symbol.asyncDispose]();
  }
}

/** A Debian at `disk` with the packages of debian-packages.ts in /repo. */
export async function prepareDebian(disk: string, repo: string): Promise<void> {
  const tree = debianTree();
  mkdirSync(disk, { recursive: true });
  await buildPackages(tree, repo);
  await installedDebian(tree, disk, repo);
}
