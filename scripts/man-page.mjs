// Writes the man pages of a build: man-page.mjs DIST. They are made from the same program object and options as --help.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = resolve(process.argv[2] ?? 'dist');
const load = (name) => import(pathToFileURL(join(dist, 'src/cli', name)).href);
const { makeProgram } = await load('program.js');
const { manPage } = await load('man-page.js');
const { mountManPage } = await load('mount-man-page.js');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { SOURCE_DATE_EPOCH: epoch } = process.env;
const date = (epoch === undefined ? new Date() : new Date(Number(epoch) * 1000)).toISOString().slice(0, 10);
const program = makeProgram(version, () => {});
mkdirSync(join(dist, 'man'), { recursive: true });
writeFileSync(join(dist, 'man/rootsync.1'), manPage(program, version, date));
writeFileSync(join(dist, 'man/mount.rootsync.8'), mountManPage(version, date));
writeFileSync(join(dist, 'man/umount.rootsync.8'), '.so man8/mount.rootsync.8\n');
