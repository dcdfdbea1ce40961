// Runs the compiled tests: run-tests.mjs [unit | FILE...]. Tests that mount nothing run in one mocha; each other file runs in a mocha of its own, with a
// directory (TMPDIR) of its own and a time limit, so that a mount that hangs costs that file and nothing else. What a file leaves behind (processes, mounts,
// loop devices) is cleaned up and counts as a failure. The last line is the sum over mocha's own results; it also goes to the file ROOTSYNC_TEST_SUM.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { sweep } from './sweep.mjs';

const TESTS = 'dist/test';
const MOCHA = ['node_modules/mocha/bin/mocha.js', '--reporter', 'scripts/mocha-reporter.mjs'];
const LIMIT_MS = 10 * 60 * 1000;
// Machines without KVM are slow.
const BOOT_LIMIT_MS = process.env.ROOTSYNC_BOOT_FULL ? 8 * 60 * 60 * 1000 : 25 * 60 * 1000;
const limitOf = (tests) => (tests.every((file) => file.startsWith(`${TESTS}/boot/`)) ? BOOT_LIMIT_MS : LIMIT_MS);
const KILL_AFTER_MS = 10 * 1000;
const MESSAGE_LINES = 12;
const SLOWEST = 12;

/** A test that mounts says so in its name, or is in a folder of suites that all do. */
const mounts = (file) => /\.mount\.test\.js$|^dist\/test\/(posix|crash|boot|run|mount)\//.test(file);

const words = process.argv.slice(2);
const unitOnly = words[0] === 'unit';
const named = unitOnly ? [] : words;
// What takes hours is run by its name alone.
const found = () =>
  readdirSync(TESTS, { recursive: true }).filter(
    (name) => name.endsWith('.test.js') && !name.endsWith('.full.test.js'),
  );
const files = named.length > 0 ? named : found().map((name) => join(TESTS, name));
const unit = files.filter((file) => !mounts(file)).sort();
const mounting = unitOnly ? [] : files.filter(mounts).sort();

// On a real disk rather than tmpfs, and open to other users: some tests become one.
const work = mkdtempSync(join(process.env.TMPDIR ?? '/var/tmp', 'rootsync-test.'));
const cache = join(work, 'cache');
mkdirSync(cache);
chmodSync(work, 0o755);

/** The clone, at a path that other users can follow: one below /root is closed to them, and the tests become some of them. */
function openPath(clone) {
  const closed = (path) => (statSync(path).mode & 0o001) === 0 || (path !== '/' && closed(dirname(path)));
  if (process.getuid() !== 0 || !closed(clone)) return clone;
  const elsewhere = join(work, 'clone');
  mkdirSync(elsewhere);
  return spawnSync('mount', ['--bind', clone, elsewhere], { stdio: 'inherit' }).status === 0 ? elsewhere : clone;
}

const clone = process.cwd();
const home = openPath(clone);

let running;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    endGroup(running, 'SIGKILL');
  });
}

function endGroup(child, signal) {
  try {
    if (child?.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the group has ended already
  }
}

const sum = { passed: 0, failed: 0, skipped: 0 };
const failures = []; // said again at the end: what is said in between is thousands of lines away from there
const times = [];
let runs = 0;

function count(name, output) {
  const { stats, failures: failed } = JSON.parse(readFileSync(output, 'utf8'));
  for (const { fullTitle, err } of failed) failures.push(`${name}: ${fullTitle}\n${indent(err.message ?? '')}`);
  sum.passed += stats.passes;
  sum.failed += stats.failures;
  sum.skipped += stats.pending;
  return stats;
}

function fail(name, what) {
  console.log(`${name}: ${what}`);
  failures.push(`${name}: ${what}`);
  sum.failed += 1;
}

/** The first lines of `text`, as many as tell what failed. */
function indent(text) {
  return text
    .split('\n')
    .slice(0, MESSAGE_LINES)
    .map((line) => `    ${line.slice(0, 400)}`)
    .join('\n');
}

/** Resolves to mocha's exit status, or to the signal that ended it. */
function mocha(name, tests, directory, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...MOCHA, ...tests], {
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      cwd: home,
      env,
    });
    running = child;
    const limit = limitOf(tests);
    const timer = setTimeout(() => {
      console.log(`${name}: no end after ${limit / 1000} s, killed`);
      endGroup(child, 'SIGTERM');
      setTimeout(() => {
        endGroup(child, 'SIGKILL');
        cleanUp(name, directory); // one that waits for a mount ends only when the mount's daemon has
      }, KILL_AFTER_MS).unref();
    }, limit);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(signal ?? code);
    });
  });
}

function cleanUp(name, directory) {
  for (const line of sweep(directory)) fail(name, `left behind: ${line}`);
}

async function run(name, tests, report = {}) {
  console.log(`\n== ${name}`);
  runs += 1;
  // A short name: sockets are made in it, and their paths hold 107 bytes.
  const directory = join(work, String(runs));
  const output = join(work, `${runs}.json`);
  mkdirSync(directory);
  chmodSync(directory, 0o1777);
  const ours = { TMPDIR: directory, ROOTSYNC_TEST_CACHE: cache, ROOTSYNC_TEST_RESULTS: output };
  const start = Date.now();
  const status = await mocha(name, tests, directory, { ...process.env, ...ours, ...report });
  times.push({ name, seconds: Math.round((Date.now() - start) / 1000) });
  if (!existsSync(output)) fail(name, `ended without results (${status})`);
  else if (count(name, output).failures === 0 && status !== 0)
    fail(name, `no test failed, but mocha ended with ${status}`);
  cleanUp(name, directory);
}

if (unit.length > 0) await run('unit', unit, { ROOTSYNC_TEST_DOTS: 'yes' });
for (const file of mounting) {
  if (interrupted) break;
  await run(relative(TESTS, file), [file]);
}
if (home !== clone) spawnSync('umount', [home], { stdio: 'inherit' });
cleanUp('after all', work);
if (interrupted) fail('run', 'interrupted');
if (sum.passed + sum.failed === 0) fail('run', 'no test ran');

times.sort((one, other) => other.seconds - one.seconds);
if (times.length > SLOWEST) {
  const slowest = times.slice(0, SLOWEST).map(({ name, seconds }) => `${name} ${seconds} s`);
  console.log(`\nslowest: ${slowest.join(', ')}`);
}
if (failures.length > 0) console.log(`\nfailed:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);

const sentence = `${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`;
if (process.env.ROOTSYNC_TEST_SUM) writeFileSync(process.env.ROOTSYNC_TEST_SUM, `${sentence}\n`);
console.log(`\n${sentence}`);
process.exitCode = sum.failed > 0 ? 1 : 0;
