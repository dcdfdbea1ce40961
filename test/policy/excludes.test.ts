// Guards against a glob that means something else than it says, a bad one that is taken, and a directory that is missing on flash, or
// present, against the rules.

import assert from 'node:assert/strict';
import { asBytes, fromText } from '../../src/bytes.ts';
import { DEFAULT_EXCLUDES } from '../../src/policy/default-excludes.ts';
import { BadGlob } from '../../src/policy/exclude-rule.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { Excludes } from '../../src/policy/excludes.ts';

function rules(...globs: string[]): Rule[] {
  return globs.map((glob) => ({ glob, source: 'option' }));
}

function compiled(list: readonly Rule[]): Excludes {
  const excludes = Excludes.compile(list);
  assert(excludes instanceof Excludes, (excludes as BadGlob).message);
  return excludes;
}

function excluded(path: string, ...globs: string[]): boolean {
  return compiled(rules(...globs)).decide(fromText(path)).excluded;
}

describe('policy: excludes', () => {
  it('anchors a glob with a slash at the root, and finds a name without one at any depth', () => {
    assert(excluded('/var/log/x', '/var/log'));
    assert(excluded('/var/log/x', 'var/log'));
    assert(!excluded('/chroot/var/log/x', 'var/log'));
    assert(excluded('/a.swp', '*.swp'));
    assert(excluded('/home/me/a.swp', '*.swp'));
    assert(excluded('/home/me/cache/x', 'cache/'));
    assert(!excluded('/home/me/core', '/core'));
    assert(excluded('/home/me/core', '**/core'));
  });

  it('takes a path with and without its leading slash, and never excludes the root', () => {
    const excludes = compiled(rules('/a', '**'));
    assert.equal(excludes.decide(asBytes('a/b')), excludes.decide(asBytes('/a/b')));
    assert(!excludes.decide(asBytes('')).excluded);
    assert(!excludes.decide(asBytes('/')).excluded);
    assert(excluded('/a', '/'));
  });

  it('lets the last rule that matches decide, and re-includes by !', () => {
    assert(!excluded('/var/log/keep/x', '/var/log', '!/var/log/keep'));
    assert(excluded('/var/log/keep/x', '!/var/log/keep', '/var/log'));
    assert(excluded('/var/log/keep/x.tmp', '/var/log', '!/var/log/keep', '*.tmp'));
    const excludes = compiled(rules('/a', '!/a/b', '/a/b/c'));
    assert.equal(excludes.decide(asBytes('/a/x')).rule, excludes.rules[0]);
    assert.equal(excludes.decide(asBytes('/a/b/x')).rule, excludes.rules[1]);
    assert.equal(excludes.decide(asBytes('/a/b/c')).rule, excludes.rules[2]);
    assert.equal(excludes.decide(asBytes('/b')).rule, null);
  });

  it('makes directories below `/dir`, but with `/dir/**` only /dir', () => {
    const excludes = compiled(rules('/var/log', '/mnt/**'));
    const made = (path: string) => excludes.decide(asBytes(path)).directoryMade;
    assert(made('/var/log') && made('/var/log/nginx') && made('/mnt'));
    assert(!excludes.decide(asBytes('/mnt')).excluded, 'a symlink /mnt is captured');
    assert(excludes.decide(asBytes('/var/log/nginx/error.log')).excluded);
    assert(!made('/mnt/usb'));
    assert(compiled(rules('/mnt/**', '!/mnt/usb')).decide(asBytes('/mnt/usb')).directoryMade);
  });

  it('keeps to what micromatch means by each construct', () => {
    const table: [glob: string, path: string, matches: boolean][] = [
      ['/a/*/c', '/a/b/c', true],
      ['/a/*/c', '/a/b/b/c', false],
      ['/a/**/c', '/a/c', true],
      ['/a/**/c', '/a/b/b/c', true],
      ['/a/**/c', '/ac', false],
      ['/*', '/.hidden', true],
      ['/a?', '/ab', true],
      ['/a?', '/a', false],
      ['/[a-c]x', '/bx', true],
      ['/[!a-c]x', '/bx', false],
      ['/[[:digit:]]', '/7', true],
      ['/[[:space:]]', '/ ', true],
      ['/[]]', '/]', true],
      ['/{a,b/c}/x', '/b/c/x', true],
      ['/f{1..3}', '/f2', true],
      ['/f{1..3}', '/f4', false],
      ['/!(a)', '/b', true],
      ['/!(a)', '/a', false],
      ['/!(a)', '/a/x', false],
      ['!(a)', '/b', true],
      ['/@(a/b|c)/d', '/a/b/d', true],
      ['/@(a/b|c)/d', '/c/d/e', true],
      ['/@(a/b|c)/d', '/a/d', false],
      ['/+(ab)', '/abab', true],
      ['/c++', '/c++', true],
      ['/c++', '/c+++', false],
      ['/a.b?c', '/axbxc', false],
      ['/a|b', '/a|b', true],
      ['/"a"', '/"a"', true],
      ["/it's{1,2}", "/it's1", true],
      ['/a b', '/a b', true],
      ['/\\*', '/*', true],
      ['/\\*', '/x', false],
      ['\\!a', '/!a', true],
      ['/\\d', '/d', true],
      ['/\\d', '/7', false],
      ['/$x^', '/$x^', true],
      ['//a///b/', '/a/b', true],
      ['/*', '/\n', true],
      ['/a*', '/a\nb', true],
      ['/aba*ba', '/aba', false],
      ['/aba*ba', '/ababa', true],
    ];
    for (const [glob, path, matches] of table) assert.equal(excluded(path, glob), matches, `${glob} ${path}`);
  });

  it('matches names by their bytes, UTF-8 or not', () => {
    assert(excluded('/é/x', '/é'));
    assert(excluded('/xé', '/*é'));
    assert(excluded('/ü', '/{é,ü}'));
    assert(!excluded('/é', '/?'), '? is one byte');
    assert(excluded('/é', '/??'));
    const excludes = compiled(rules('/a?b', '*.\u00ff'));
    assert(excludes.decide(asBytes('/a\xffb')).excluded);
    assert(!excludes.decide(asBytes('/x.\xff')).excluded);
  });

  it('refuses a bad glob, and says which, where and why', () => {
    const bad: [glob: string, why: RegExp][] = [
      ['', /is empty/],
      ['!', /is empty/],
      ['  ', /is empty/],
      ['/a/[b', /'\[' is not closed/],
      ['/a/{b', /'\{' is not closed/],
      ['/@(b', /'@\(' is not closed/],
      ['/a)', /'\)' closes nothing/],
      ['/[z-a]', /[Rr]ange/],
      ['/[é]', /ASCII/],
      ['/[a/b]', /slash/],
      ['/[:alpha:]', /\[\[:alpha:\]\]/],
      ['/[[:alhpa:]]', /no class \[:alhpa:\]/],
      ['/a/../b', /no '\.' or '\.\.'/],
      ['./a', /no '\.' or '\.\.'/],
      ['/a\\', /ends in a backslash/],
      ['/a\0', /NUL/],
      ['{a,}', /alternatives is empty/],
      ['/{1..100}/{1..100}', /more than 4096/],
      ['/' + '{a,b}'.repeat(40), /more than 4096/],
      ['/{1..999999999}', /more than 4096/],
      ['/@(c++|d)', /[Nn]othing to repeat/],
      ['x'.repeat(10_000), /longer than/],
    ];
    for (const [glob, why] of bad) {
      const result = Excludes.compile(rules('/fine', glob));
      assert(result instanceof BadGlob, `${glob} was taken`);
      assert.equal(result.rule.glob, glob);
      assert.match(result.message, why);
      assert(result.message.includes(glob.slice(0, 100)));
    }
    const inFile = Excludes.compile([{ glob: '/[', source: 'file', file: '/etc/rootsync/exclude', line: 12 }]);
    assert(inFile instanceof BadGlob);
    assert.match(inFile.message, /^\/etc\/rootsync\/exclude:12: /);
  });

  it('leaves what a standalone boot needs, and keeps out what it must not have, by the built-in rules', () => {
    const excludes = compiled(DEFAULT_EXCLUDES);
    const all = (paths: string[], want: boolean) => {
      for (const path of paths) assert.equal(excludes.decide(asBytes(path)).excluded, want, path);
    };
    all(['/proc/1/stat', '/var/log/syslog', '/home/me/.cache/x', '/etc/.passwd.swp', '/root/core.123'], true);
    all(['/mnt/backup/etc', '/var/lib/apt/lists/x_InRelease', '/home/lost+found/#1', '/srv/.nfs00a1'], true);
    all(['/proc', '/tmp', '/dev', '/mnt', '/var/run', '/usr/lib/python3/dist-packages/numpy/core/x.so'], false);
    all(['/usr/share/man/man5/core.5.gz', '/etc/fstab', '/var/lib/dpkg/status', '/home/me/.config/x'], false);
    assert(DEFAULT_EXCLUDES.every((rule) => rule.reason !== undefined && rule.source === 'built-in'));
  });
});
