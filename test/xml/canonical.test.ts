// The claim that signing rests on: what the builder writes is its own exclusive canonical form.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import { ExclusiveCanonicalization } from 'xml-crypto';
import { type Attributes, canonical, element, type Namespace, prepare, type XmlElement } from '../../src/xml/build.ts';
import { parseMessage } from '../../src/xml/parse.ts';
import { requireTool } from '../support/tools.ts';
import { xmllintCanonical } from '../support/xml-tools.ts';

const namespaces: readonly Namespace[] = [
  { prefix: 'a', uri: 'urn:a' },
  { prefix: 'b', uri: 'urn:b' },
  { prefix: 'b', uri: 'urn:a' },
  { prefix: 'zz9', uri: "http://z.example/?a='1'" },
  { prefix: '', uri: 'urn:d' },
  { prefix: '', uri: 'urn:a' },
];

const XML_CHARACTER = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u;
const character = fc.oneof(
  fc.constantFrom('<', '>', '&', '"', "'", '\t', '\n', '\r', ' ', ']', '\u0085', '\u2028', 'é', '𝄞'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }),
);
const text = fc
  .array(character, { maxLength: 8 })
  .map((parts) => [...parts.join('')].filter((c) => XML_CHARACTER.test(c) && c !== '\ufffd').join(''));

const name = fc.constantFrom('ID', 'Name', 'a', 'ab', 'a.b', 'a-b', 'B', '_x', 'Format');
const attributes: fc.Arbitrary<Attributes> = fc
  .record({
    plain: fc.dictionary(name, text, { maxKeys: 5 }),
    lang: fc.option(fc.constantFrom('de', 'en-GB'), { nil: undefined }),
    type: fc.option(fc.constantFrom('xs:string', 'xs:anyURI'), { nil: undefined, freq: 4 }),
  })
  .map(({ plain, lang, type }) => ({ 'xml:lang': lang, ...plain, 'xsi:type': type }));

const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
  tree: fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name,
      attributes,
      children: fc.array(fc.oneof({ maxDepth: 4 }, text, tie('tree'), tie('tree').map(prepare)), { maxLength: 4 }),
    })
    .map((given) => element(given.namespace, given.name, given.attributes, ...given.children)),
}));

/** xs is declared for a value, which is no visible use: canonicalizers keep it only when they are told to. */
const INCLUSIVE = { inclusiveNamespacesPrefixList: ['xs'] };

test("random trees: the text is what xml-crypto's exclusive canonicalizer makes of it", () => {
  fc.assert(
    fc.property(tree, (root) => {
      const written = canonical(root);
      const parsed = new DOMParser({ normalizeLineEndings: (source) => source }).parseFromString(written, 'text/xml');
      assert.equal(new ExclusiveCanonicalization().process(parsed.documentElement as never, INCLUSIVE), written);
    }),
    { numRuns: 400 },
  );
});

test('random trees: the strict reader accepts every one, and reads back what was written', () => {
  fc.assert(
    fc.property(text, text, (content, value) => {
      const written = canonical(element({ prefix: 'a', uri: 'urn:a' }, 'x', { v: value }, content));
      const parsed = parseMessage(written);
      assert.equal(parsed.kind, 'xml');
      if (parsed.kind !== 'xml') return;
      assert.equal(parsed.root.textContent, content);
      assert.equal(parsed.root.getAttribute('v'), value);
    }),
    { numRuns: 400 },
  );
});

test("random trees: the text is what libxml2's exclusive canonicalizer makes of it", (t) => {
  if (!requireTool(t, 'xmllint')) return;
  // xmllint has no prefix list, so types are tested with xmlsec1 (sign.test.ts). One call reads many trees.
  const untyped = fc.array(
    tree.filter((root) => !root.schemaTypes),
    { minLength: 20, maxLength: 60 },
  );
  fc.assert(
    fc.property(untyped, (roots) => {
      const written = canonical(element({ prefix: 'root', uri: 'urn:root' }, 'all', {}, ...roots));
      assert.equal(xmllintCanonical(written), written);
    }),
    { numRuns: 25 },
  );
});

test('the property can fail: a text that is not canonical is told apart', (t) => {
  if (!requireTool(t, 'xmllint')) return;
  const rows = ['<a:x xmlns:a="urn:a"/>', '<a:x b="1" xmlns:a="urn:a"></a:x>', '<x xmlns:a="urn:a"><a:y></a:y></x>'];
  for (const row of rows) assert.notEqual(xmllintCanonical(row), row);
});
