// Mocha's report for people (a line per test, or with ROOTSYNC_TEST_DOTS a dot) and its JSON report, to the file ROOTSYNC_TEST_RESULTS, for the sum.
import Mocha from 'mocha';

const { Dot, JSON, Spec } = Mocha.reporters;

export default class ReportAndResults {
  constructor(runner, options) {
    const { ROOTSYNC_TEST_DOTS: dots, ROOTSYNC_TEST_RESULTS: output } = process.env;
    this.report = dots ? new Dot(runner, options) : new Spec(runner, options);
    if (output) this.results = new JSON(runner, { ...options, reporterOption: { output } });
  }
}
