// Every verb in every state of a set: what it leads to, or why it is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatKeySet, type PublishedSet, parseKeySet } from '../../src/signing/key-set.ts';
import { type KeySetChange, promote, publishNext, retire } from '../../src/signing/key-set-change.ts';
import { as, made, NOW, setOf } from './sets.ts';

const [a, b, c, ec] = await Promise.all([made('RS256'), made('RS256'), made('RS256'), made('ES256')]);
const names = new Map([
  [a.published.kid, 'a'],
  [b.published.kid, 'b'],
  [c.published.kid, 'c'],
  [ec.published.kid, 'ec'],
]);
const kid = (name: string): string => [...names].find(([, one]) => one === name)?.[0] ?? name;
const at = (time: number) => ({ published: time, since: time });

const only = setOf(4, as(a, 'current'));
const published = setOf(5, as(a, 'current'), as(b, 'next', at(NOW - 1000)));
const promoted = setOf(6, as(b, 'current'), as(a, 'retiring', at(NOW - 100)));
const twoNext = setOf(7, as(a, 'current'), as(b, 'next', at(NOW - 9999)), as(ec, 'next', at(NOW - 9999)));
const twoLines = setOf(8, as(a, 'current'), as(ec, 'current'), as(b, 'next', at(NOW - 9999)));
const future = setOf(9, as(a, 'current'), as(b, 'next', at(NOW + 500)));

const publishing =
  (key = c) =>
  (set: PublishedSet) =>
    publishNext(set, NOW, key.published);
const promoting =
  (fields: Partial<Parameters<typeof promote>[1]> = {}) =>
  (set: PublishedSet) =>
    promote(set, { now: NOW, kid: null, publishedFor: 1000, force: false, ...fields });
const retiring =
  (fields: Partial<Parameters<typeof retire>[1]> = {}) =>
  (set: PublishedSet) =>
    retire(set, { now: NOW, kid: null, unusedFor: 100, force: false, ...fields });

interface Row {
  readonly name: string;
  readonly set: PublishedSet;
  readonly verb: (set: PublishedSet) => KeySetChange;
  /** Keys with their states, or the code of a refusal. */
  readonly expect: string;
}

const rows: readonly Row[] = [
  { name: 'publish', set: only, verb: publishing(), expect: 'a current, c next' },
  { name: 'publish while one is next', set: published, verb: publishing(), expect: 'next-exists' },
  { name: 'publish while one is retiring', set: promoted, verb: publishing(), expect: 'b current, c next, a retiring' },
  { name: 'publish for another algorithm', set: published, verb: publishing(ec), expect: 'a current, b next, ec next' },
  { name: 'publish the current key', set: only, verb: publishing(a), expect: 'known-key' },
  { name: 'publish a retiring key again', set: promoted, verb: publishing(a), expect: 'known-key' },
  { name: 'promote nothing', set: only, verb: promoting(), expect: 'no-next' },
  { name: 'promote the current key', set: published, verb: promoting({ kid: kid('a') }), expect: 'no-next' },
  {
    name: 'promote a retiring key, which parties may have dropped',
    set: promoted,
    verb: promoting({ kid: kid('a') }),
    expect: 'no-next',
  },
  { name: 'promote in time', set: published, verb: promoting(), expect: 'b current, a retiring' },
  { name: 'promote by name', set: published, verb: promoting({ kid: kid('b') }), expect: 'b current, a retiring' },
  { name: 'promote a second too early', set: published, verb: promoting({ now: NOW - 1 }), expect: 'too-early' },
  {
    name: 'promote too early, by force',
    set: published,
    verb: promoting({ now: NOW - 900, force: true }),
    expect: 'b current, a retiring',
  },
  {
    name: 'promote what was published by a clock ahead',
    set: future,
    verb: promoting({ publishedFor: 1 }),
    expect: 'too-early',
  },
  { name: 'promote one of two', set: twoNext, verb: promoting(), expect: 'which' },
  {
    name: 'promote one of two by name',
    set: twoNext,
    verb: promoting({ kid: kid('ec') }),
    expect: 'a current, ec current, b next',
  },
  {
    name: 'promote leaves the other algorithm alone',
    set: twoLines,
    verb: promoting(),
    expect: 'ec current, b current, a retiring',
  },
  { name: 'retire nothing', set: only, verb: retiring(), expect: 'nothing-to-retire' },
  { name: 'retire while one is next only', set: published, verb: retiring(), expect: 'nothing-to-retire' },
  { name: 'retire the key that signs', set: only, verb: retiring({ kid: kid('a') }), expect: 'current' },
  {
    name: 'retire the key that signs, by force',
    set: published,
    verb: retiring({ kid: kid('a'), force: true }),
    expect: 'current',
  },
  { name: 'retire what is not there', set: only, verb: retiring({ kid: 'nobody' }), expect: 'unknown-key' },
  { name: 'retire in time', set: promoted, verb: retiring(), expect: 'b current' },
  { name: 'retire a second too early', set: promoted, verb: retiring({ now: NOW - 1 }), expect: 'too-early' },
  {
    name: 'retire too early, by force',
    set: promoted,
    verb: retiring({ now: NOW - 50, force: true }),
    expect: 'b current',
  },
  {
    name: 'take a next key back, which has signed nothing',
    set: published,
    verb: retiring({ kid: kid('b') }),
    expect: 'a current',
  },
];

for (const { name, set, verb, expect } of rows) {
  test(`${name}: ${expect}`, () => {
    const outcome = verb(set);
    if (outcome.kind === 'refused') {
      assert.equal(outcome.code, expect);
      return;
    }
    const shown = outcome.set.keys.map((key) => `${names.get(key.kid)} ${key.state}`).join(', ');
    assert.equal(shown, expect);
    assert.equal(outcome.set.serial, set.serial + 1);
    const kept = new Set(outcome.set.keys.map((key) => key.kid));
    const gone = set.keys.filter((key) => !kept.has(key.kid)).map((key) => key.kid);
    assert.deepEqual(
      outcome.dropped.map((key) => key.kid),
      gone,
    );
    // Whatever a change makes, every node takes.
    assert.equal(parseKeySet(Buffer.from(formatKeySet(outcome.set))).keys.length, outcome.set.keys.length);
  });
}

test('a key keeps when it was published; when it came into its state is new', () => {
  const outcome = promoting()(published);
  assert.ok(outcome.kind === 'changed');
  assert.deepEqual(
    outcome.set.keys.map((key) => [names.get(key.kid), key.published, key.since]),
    [
      ['b', NOW - 1000, NOW],
      ['a', NOW, NOW],
    ],
  );
});
