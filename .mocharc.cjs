// How mocha runs the compiled tests: all of them, or the files that are named. `npm test` (scripts/run-tests.mjs) names them.
process.setSourceMapsEnabled(true);

const named = process.argv.slice(2).some((word) => word.endsWith('.js') && !word.startsWith('-'));
const inCi = Boolean(process.env.CI);

module.exports = {
  ...(named ? {} : { spec: ['dist/test/**/*.test.js'] }),
  timeout: 20_000,
  slow: 2_000,
  parallel: false,
  forbidOnly: inCi,
  forbidPending: inCi,
  failZero: true,
};
