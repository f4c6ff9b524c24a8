import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInstant, parseDuration, parseInstant } from '../../src/saml/date-time.ts';

const instants: readonly (readonly [text: string, at: number | null])[] = [
  ['1970-01-01T00:00:00Z', 0],
  ['2026-09-21T14:13:20Z', 1_790_000_000],
  ['2026-09-21T14:13:20.999Z', 1_790_000_000],
  ['2026-09-21T14:13:20.123456789Z', 1_790_000_000],
  ['2028-02-29T00:00:00Z', 1_835_395_200],
  ['2026-02-29T00:00:00Z', null],
  ['2026-13-01T00:00:00Z', null],
  ['2026-01-01T24:00:00Z', null],
  ['2026-01-01T00:60:00Z', null],
  ['2026-01-01T00:00:00', null],
  ['2026-01-01T00:00:00+01:00', null],
  ['2026-01-01 00:00:00Z', null],
  [' 2026-01-01T00:00:00Z', null],
  ['2026-01-01', null],
  ['', null],
];
for (const [text, at] of instants) {
  test(`instant ${JSON.stringify(text)}`, () => {
    assert.equal(parseInstant(text), at);
    if (at !== null) assert.equal(parseInstant(formatInstant(at)), at);
  });
}

const durations: readonly (readonly [text: string, seconds: number | null])[] = [
  ['PT6H', 21_600],
  ['P1D', 86_400],
  ['P1Y', 31_536_000],
  ['P1M', 2_592_000],
  ['PT1M', 60],
  ['P1DT1H1M1.5S', 90_061],
  ['P', null],
  ['PT', null],
  ['P1DT', null],
  ['-P1D', null],
  ['6H', null],
  ['', null],
];
for (const [text, seconds] of durations) {
  test(`duration ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), seconds));
}
