// Mocha's spec report for people and its JSON report, to the file named by ROOTSYNC_TEST_RESULTS, for the tally.
import Mocha from 'mocha';

export default class SpecAndJson {
  constructor(runner, options) {
    const output = process.env.ROOTSYNC_TEST_RESULTS;
    this.spec = new Mocha.reporters.Spec(runner, options);
    if (output) this.json = new Mocha.reporters.JSON(runner, { ...options, reporterOption: { output } });
  }
}
