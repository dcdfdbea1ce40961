// What is made from the same source as --help: the man page and the shell completion. Guards against a page that groff stumbles over, an option
// that is in --help alone, and a script that a real bash does not complete with.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandTree } from '../../src/cli/command-tree.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { mountManPage } from '../../src/cli/mount-man-page.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { MOUNT_OPTIONS } from '../../src/daemon/mount-options.ts';
import { rootsync, startProgram } from './rootsync.ts';

const program = makeProgram('1.2.3', () => {});

describe('cli/man page', () => {
  const page = manPage(program, '1.2.3', '2026-01-31');

  it('has every command and every option that --help shows, and no other', () => {
    const plain = page.replace(/\\-/g, '-');
    for (const { path, options } of commandTree(program).slice(1)) {
      const section = plain.split(`.SS ${path}\n`)[1]?.split(/^\.S[SH] /m)[0] ?? '';
      const told = [...section.matchAll(/^\.TP\n\.B (.*)$/gm)].map(([, flags]) => flags);
      assert.deepEqual(
        told,
        options.map(({ flags }) => flags),
        path,
      );
    }
    assert.ok(!plain.includes('--in-background') && !plain.includes('--in-namespace'));
    assert.ok(plain.includes('"rootsync 1.2.3"'));
  });

  it('is what groff takes without a warning, and shows what it should', function () {
    const made = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input: page, encoding: 'utf8' });
    if (made.error) this.skip();
    assert.deepEqual([made.status, made.stderr], [0, '']);
    const text = made.stdout.replace(/[‐−]/g, '-');
    for (const line of [
      "  '*.swp'       no slash: a name at any depth",
      '.rootsync/excludes. A rule that is added again',
      '--kind <KIND,...>',
    ])
      assert.ok(text.includes(line), line);
  });
});

describe('cli/mount man page', () => {
  const page = mountManPage('1.2.3', '2026-01-31');

  it('has every option of a mount', () => {
    const plain = page.replace(/\\-/g, '-');
    for (const { name, value } of MOUNT_OPTIONS)
      assert.ok(plain.includes(`\n.B ${value === undefined ? name : `${name}=${value}`}\n`), name);
  });

  it('is what groff takes without a warning', function () {
    const made = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input: page, encoding: 'utf8' });
    if (made.error) this.skip();
    assert.deepEqual([made.status, made.stderr], [0, '']);
    assert.match(made.stdout, /mount \S?t rootsync \S?o flash=DIR,disk=DIR/u);
  });
});

describe('cli/completion', function () {
  this.timeout(60_000);
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'completion-'));
    writeFileSync(join(dir, 'a list'), '');
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  /** The words of a command line after somebody has typed it, tabs included, into a bash on a terminal. */
  async function typed(keys: string): Promise<string[]> {
    const { status, stdout } = await rootsync(['completion', 'bash']);
    assert.equal(status, 0);
    const setup = join(dir, 'setup');
    writeFileSync(setup, `${stdout}\nPS1='ready$ '\nrootsync() { printf '<%s>' "$@"; echo; }\n`);
    const bash = startProgram('script', ['-qec', `bash --noprofile --rcfile ${setup} -i`, '/dev/null'], { cwd: dir });
    await bash.says('ready$ ');
    bash.process.stdin.write(`${keys}\n`);
    await bash.says('>\r\n');
    bash.process.stdin.end('exit\n');
    const { stdout: screen } = await bash.ended;
    return [...(/^(?:<[^>]*>)+/m.exec(screen)?.[0] ?? '').matchAll(/<([^>]*)>/g)].map(([, word]) => word!);
  }

  for (const [keys, words] of [
    ['rootsync lo\t--ki\tcapt\t', ['log', '--kind', 'capture']],
    ['rootsync exclu\tl\t--bu\t', ['exclude', 'list', '--built-in']],
    ['rootsync mount --mode reh\t', ['mount', '--mode', 'rehearse']],
    ['rootsync add --from a\t', ['add', '--from', 'a list']],
    ['rootsync fo\t--fo\ta\t', ['forget', '--force', 'a list']],
    ['rootsync run -- unshar\t', ['run', '--', 'unshare']],
    ['rootsync compl\tb\t', ['completion', 'bash']],
  ] as const)
    it(`completes ${JSON.stringify(keys)}`, async function () {
      if (spawnSync('script', ['--version']).error) this.skip();
      assert.deepEqual(await typed(keys), words);
    });

  it('knows bash alone', async () => {
    const { status, stderr } = await rootsync(['completion', 'tcsh']);
    assert.equal(status, 2);
    assert.match(stderr, /Allowed choices are bash/);
  });
});
