// `rootsync exclude` without a mount. Guards against a list that does not say whose it is, a path that is read otherwise than a mount reads
// it, and a bad rule that is reported without its place.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { rootsync, startProgram, MAIN } from './rootsync.ts';

describe('cli/exclude', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'exclude-'));
    mkdirSync(join(dir, 'directory'));
    writeFileSync(join(dir, 'rules'), '# mine\n\n/opt/big\n!/opt/big/keep\n');
    writeFileSync(join(dir, 'bad'), '/fine\n\n/opt/[a\n');
    writeFileSync(join(dir, 'binary'), '/fine\n\x7fELF\xff\n', 'latin1');
  });
  after(() => rmSync(dir, { recursive: true }));

  const run = (...args: string[]) => rootsync(['exclude', ...args], { cwd: dir });
  const good = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout;
  };

  it('lists the built-in rules, each with its reason, and says that they are of no mount', async () => {
    const [title, ...lines] = (await good('list', '--built-in')).trimEnd().split('\n');
    assert.match(title!, /^built-in exclude rules \(of no mount\)/);
    assert.ok(lines.length > 20);
    for (const line of lines) assert.match(line, /^ {2}\S+ +built-in: \w/);
    const { mountpoint, rules } = JSON.parse(await good('list', '--built-in', '--json')) as Listed;
    assert.equal(mountpoint, null);
    assert.equal(rules.length, lines.length);
    assert.ok(rules.every(({ source, reason }) => source === 'built-in' && reason !== undefined));
  });

  it('lists rules of options and files where they would come, with their places', async () => {
    const text = await good('list', '--exclude', '/a', '--exclude-from', 'rules', '--exclude', '!/b');
    assert.match(text, /^built-in exclude rules and those given here \(of no mount\)/);
    const lines = text.trimEnd().split('\n').slice(-4);
    assert.deepEqual(
      lines.map((line) => line.trim().split(/ {2,}/)),
      [
        ['/a', 'option'],
        ['/opt/big', `${join(dir, 'rules')}:3`],
        ['!/opt/big/keep', `${join(dir, 'rules')}:4`],
        ['!/b', 'option'],
      ],
    );
    const { rules } = JSON.parse(await good('list', '--json', '--exclude-from', 'rules')) as Listed;
    assert.deepEqual(rules.at(-2), { glob: '/opt/big', source: 'file', file: join(dir, 'rules'), line: 3 });
  });

  it('says which rule decides about a path, however the path is written', async () => {
    const given = ['--exclude-from', 'rules', '--exclude', '/srv/**'];
    const paths = ['/opt/big/x', '//opt/./other/../big/keep/x/', 'etc/passwd', '/srv', '/srv/a', '/var/log/x', '/'];
    const [, ...lines] = (await good('test', ...paths, ...given)).trimEnd().split('\n');
    const place = (line: number) => `${join(dir, 'rules')}:${String(line)}`;
    assert.deepEqual(lines, [
      `/opt/big/x: excluded by /opt/big (${place(3)}); a directory is made, without its files`,
      `/opt/big/keep/x: captured: taken back by !/opt/big/keep (${place(4)})`,
      '/etc/passwd: captured: no rule matches',
      '/srv: captured: no rule matches',
      '/srv/a: excluded by /srv/** (option)',
      '/var/log/x: excluded by /var/log (built-in: logs grow without end, and wear flash out); a directory is made, without its files',
      '/: captured: no rule matches',
    ]);
    const { decisions } = JSON.parse(await good('test', '/srv/a', '/etc', '--json', ...given)) as Tested;
    assert.deepEqual(decisions, [
      { path: '/srv/a', excluded: true, directoryMade: false, rule: { glob: '/srv/**', source: 'option' } },
      { path: '/etc', excluded: false, directoryMade: true, rule: null },
    ]);
  });

  it('takes a path as bytes', async () => {
    const script = `exec "$@" "$(printf '/a\\377b/c')" --exclude '/a?b'`;
    const words = [process.execPath, MAIN, 'exclude', 'test'];
    const { status, stdout } = await startProgram('bash', ['-c', script, 'bash', ...words], {}).ended;
    assert.equal(status, 0);
    assert.match(stdout, /\n\/a\\xffb\/c: excluded by \/a\?b \(option\)/);
  });

  const refused: [string, readonly string[], number, RegExp][] = [
    [
      'a bad glob',
      ['test', '/x', '--exclude', '/a{b'],
      2,
      /^rootsync: bad exclude glob '\/a\{b': a '\{' is not closed/,
    ],
    ['a bad glob in a file', ['list', '--exclude-from', 'bad'], 2, /\/bad:3: bad exclude glob '\/opt\/\[a': /],
    ['a file that is not text', ['list', '--exclude-from', 'binary'], 2, /\/binary:2: .*not UTF-8/],
    ['a file that is not there', ['list', '--exclude-from', 'none'], 3, /exclude-from none: no such file/],
    ['a directory as file', ['list', '--exclude-from', 'directory'], 3, /exclude-from directory is not a file/],
    ['two sorts of rules', ['list', '-m', '/', '--exclude', '/a'], 2, /--mount is for the rules of a mount/],
    ['a test of nothing', ['test', '--built-in'], 2, /PATH/],
    ['an unknown command', ['ad', '/a'], 2, /unknown command 'ad'[^]*add/],
    ['no command', [], 2, /list[^]*test[^]*add[^]*rm/],
    ['an addition of nothing', ['add'], 2, /GLOB/],
    ['an addition to no mount', ['add', '-m', 'directory', '/a'], 8, /no rootsync mount at .*directory/],
  ];
  for (const [what, args, exitCode, message] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, stdout, stderr } = await run(...args);
      assert.equal(status, exitCode, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }
});

interface Listed {
  readonly mountpoint: string | null;
  readonly rules: readonly Rule[];
}

interface Tested {
  readonly decisions: readonly { readonly path: string }[];
}
