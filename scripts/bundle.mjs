// Bundles the program for where there is no node_modules (a Debian package, an initramfs): bundle.mjs [DIR]. DIR, dist/bundle unless it is given, then holds
// one file for each place where a process or thread begins, the native library, and nothing else that node would have to find.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licencesOf } from './bundle-licences.mjs';

const clone = fileURLToPath(new URL('..', import.meta.url));
const out = resolve(process.argv[2] ?? join(clone, 'dist/bundle'));
const { name, version, license } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));

// All in one directory: who starts a thread looks for it beside the file that it is in itself.
const ENTRIES = [
  'cli/main',
  'daemon/root-main',
  'daemon/session-thread',
  'fuse/notifier-thread',
  'copy/copy-thread',
  'copy/asker-thread',
  'copy/closer-thread',
];

/** Where something is read from package.json or looked for in node_modules, the bundle has it in itself. */
const standsAlone = {
  name: 'stands-alone',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/daemon\/version\.ts$/ }, () => ({
      contents: `export const VERSION = ${JSON.stringify(version)};`,
    }));
    // koffi asks this module first for its native library, by the name of the platform.
    onLoad({ filter: /\/koffi\/src\/koffi\/src\/static\.c?js$/ }, () => ({
      contents: `import { createRequire } from 'node:module';
        const require = createRequire(import.meta.url);
        export const loadStatic = () => require('./koffi.node');`,
    }));
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { metafile } = await build({
  metafile: true,
  absWorkingDir: clone,
  entryPoints: ENTRIES.map((entry) => `src/${entry}.ts`),
  entryNames: '[name]',
  outdir: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  mainFields: ['module', 'main'],
  legalComments: 'inline',
  logLevel: 'warning',
  plugins: [standsAlone],
  // Packages that are no ES modules ask for Node's own modules by require.
  banner: {
    js: `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`,
  },
});

const require = createRequire(import.meta.url);
const platform = `linux-${process.arch}`;
const native = dirname(createRequire(require.resolve('koffi')).resolve(`@koromix/koffi-${platform}`));
cpSync(join(native, platform.replace('-', '_'), 'koffi.node'), join(out, 'koffi.node'));
writeFileSync(join(out, 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' })}\n`);
writeFileSync(join(out, 'LICENSES'), licencesOf(clone, Object.keys(metafile.inputs), [native]));
