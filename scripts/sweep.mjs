// Ends everything that lives off one directory of ours: processes (their TMPDIR, arguments or working directory are in it), mounts below it, loop devices on
// its files, then the directory. It looks at /proc and /sys only, never into the directory: a FUSE mount there may no longer answer.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const ENDING_MS = 5000;

function attempt(read, otherwise) {
  try {
    return read();
  } catch {
    return otherwise; // the process or device is gone, or is not ours to see
  }
}

function ancestors() {
  const found = new Set([process.pid]);
  for (let pid = process.ppid; pid > 0;) {
    found.add(pid);
    const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), ') ? 0');
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return found;
}

function processesOf(directory) {
  const inside = (path) => path === directory || path.startsWith(`${directory}/`);
  const spared = ancestors();
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !spared.has(Number(name)));
  return pids
    .filter((pid) => {
      const file = (name) => attempt(() => readFileSync(`/proc/${pid}/${name}`, 'latin1'), '').split('\0');
      const temporary = file('environ').find((entry) => entry.startsWith('TMPDIR='));
      const place = attempt(() => readlinkSync(`/proc/${pid}/cwd`), '');
      return (
        inside(temporary?.slice('TMPDIR='.length) ?? '') ||
        inside(place) ||
        file('cmdline').some((word) => word.includes(`${directory}/`))
      );
    })
    .map(Number);
}

/** Those that are not just ending: a daemon whose mount is gone has some files to close still. */
function remaining(directory) {
  let pids = processesOf(directory);
  for (const end = Date.now() + ENDING_MS; pids.length > 0 && Date.now() < end; pids = processesOf(directory))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  return pids;
}

function mountsIn(directory) {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\n');
  return lines
    .map((line) => line.split(' ')[4].replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))))
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse(); // the last mounted is the first to go
}

function loopsOn(directory) {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .filter((name) =>
      attempt(() => readFileSync(`/sys/block/${name}/loop/backing_file`, 'latin1'), '').startsWith(`${directory}/`),
    )
    .map((name) => `/dev/${name}`);
}

function kill(pids) {
  for (const pid of pids) attempt(() => process.kill(pid, 'SIGKILL'), false);
}

/** Sweeps and says what was there: an empty list means that the run had cleaned up by itself. */
export function sweep(given) {
  const directory = attempt(() => realpathSync(given), undefined);
  if (directory === undefined) return [];
  if (directory.split('/').length < 3) throw new Error(`${directory}: not a directory of a test run`);
  const found = [];
  const processes = remaining(directory);
  for (const pid of processes) {
    const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'), '').replaceAll('\0', ' ');
    if (words !== '') found.push(`process ${pid}: ${words.slice(0, 200)}`);
  }
  kill(processes);
  kill(processesOf(directory)); // those that were started meanwhile
  for (const mount of mountsIn(directory)) {
    found.push(`mount ${mount}`);
    // In octal, since an argument from Node is UTF-8 and a mountpoint need not be.
    const octal = Array.from(mount, (c) => `\\0${c.charCodeAt(0).toString(8)}`).join('');
    spawnSync('bash', ['-c', 'printf -v path %b "$1" && umount -c -i -l -- "$path"', 'bash', octal], {
      stdio: 'inherit',
    });
  }
  for (const device of loopsOn(directory)) {
    found.push(`loop device ${device}`);
    spawnSync('losetup', ['-d', device], { stdio: 'inherit' });
  }
  // Removing through a mount that stayed would remove what is mounted there.
  const stayed = mountsIn(directory);
  if (stayed.length > 0) found.push(`still mounted, so ${directory} stays: ${stayed.join(' ')}`);
  else spawnSync('rm', ['-rf', '--one-file-system', '--', directory], { stdio: 'inherit' });
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const line of sweep(process.argv[2])) console.log(`left behind: ${line}`);
}
