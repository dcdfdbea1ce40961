// The layers of src/, lowest first: a layer imports itself and what stands before it, types included. ARCHITECTURE.md says what each is for.
const LAYERS = [
  'sys',
  'wire',
  'fuse',
  'branch',
  'tree',
  'copy',
  'policy',
  'capture',
  'upgrade',
  'ops',
  'control',
  'report',
  'daemon',
  'cli',
];
/** sys and wire know nothing of each other. */
const STRANGERS = new Set(['sys', 'wire']);
const GROUND = '^src/(bytes|errno)[.]ts$';

const below = (layer) => (STRANGERS.has(layer) ? [layer] : LAYERS.slice(0, LAYERS.indexOf(layer) + 1));
const folder = (...names) => `^src/(${names.join('|')})/`;

const layerRules = LAYERS.map((layer) => ({
  name: `layer-${layer}`,
  comment: `${layer} may import: ${below(layer).join(', ')}, bytes.ts, errno.ts`,
  severity: 'error',
  from: { path: folder(layer) },
  to: { path: '^src/', pathNot: [folder(...below(layer)), GROUND] },
}));

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    ...layerRules,
    rule('ground', 'bytes.ts and errno.ts stand on nothing of ours', { path: GROUND }, { path: '^src/' }),
    rule(
      'no-room-without-a-layer',
      'every file of src is in a layer, or is a ground file, or is the package export',
      { path: '^src/', pathNot: [folder(...LAYERS), GROUND, '^src/index[.]ts$'] },
      {},
    ),
    rule('cli-is-the-top', 'nothing imports cli', { path: '^src/', pathNot: folder('cli') }, { path: folder('cli') }),
    rule('no-cycles', 'files that import each other are one file or need a third', {}, { circular: true }),
    rule('koffi-in-sys', 'only sys makes system calls', { path: '^src/', pathNot: folder('sys') }, { path: '/koffi/' }),
    rule(
      'pino-in-logs',
      'only the event log and the daemon write logs',
      { path: '^src/', pathNot: folder('capture', 'daemon') },
      { path: '/pino/' },
    ),
    rule(
      'wire-is-pure',
      'wire is functions on bytes: no input or output',
      { path: folder('wire') },
      { dependencyTypes: ['core'] },
    ),
    rule(
      'policy-is-pure',
      'policy decides on facts that it is given, it fetches none',
      { path: folder('policy') },
      { dependencyTypes: ['core'], path: '^(fs|child_process|net|worker_threads|os|process)($|/)' },
    ),
    rule(
      'src-stands-alone',
      'src knows no tests, benchmarks, examples or scripts',
      { path: '^src/' },
      { path: '^(test|bench|examples|scripts|dist)' },
    ),
    rule(
      'no-dev-packages-in-src',
      'what src imports is installed with the package',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'], dependencyTypesNot: ['type-only'] },
    ),
    rule('resolvable', 'an import that leads nowhere', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // A package of its own, installed by the benchmark that needs it.
    exclude: { path: '^bench/fuse-native/' },
    // Types too: an import that the compiler erases still is knowledge of the other layer.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
