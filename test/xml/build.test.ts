import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attributes,
  type Child,
  canonical,
  element,
  indexOfChild,
  insertAt,
  type Namespace,
  prepare,
  seamAt,
  type XmlElement,
} from '../../src/xml/build.ts';

const A: Namespace = { prefix: 'a', uri: 'urn:a' };
const B: Namespace = { prefix: 'b', uri: 'urn:b' };
const OTHER_A: Namespace = { prefix: 'a', uri: 'urn:other' };
const DEFAULT: Namespace = { prefix: '', uri: 'urn:d' };

const written: readonly { readonly name: string; readonly root: XmlElement; readonly expect: string }[] = [
  { name: 'an empty element has an end tag', root: element(A, 'x', {}), expect: '<a:x xmlns:a="urn:a"></a:x>' },
  {
    name: 'attributes come in order of their names, by code point, whatever order they were given in',
    root: element(A, 'x', { b: '1', _: '5', a: '2', B: '3', 'a.b': '4', absent: undefined }),
    expect: '<a:x xmlns:a="urn:a" B="3" _="5" a="2" a.b="4" b="1"></a:x>',
  },
  {
    name: 'a namespace is declared where it is first visibly used, not above',
    root: element(A, 'x', {}, element(B, 'y', {}), element(B, 'z', {}, element(A, 'w', {}))),
    expect: '<a:x xmlns:a="urn:a"><b:y xmlns:b="urn:b"></b:y><b:z xmlns:b="urn:b"><a:w></a:w></b:z></a:x>',
  },
  {
    name: 'a prefix that changes its meaning is declared again, and again when it changes back',
    root: element(A, 'x', {}, element(OTHER_A, 'y', {}, element(A, 'z', {}))),
    expect: '<a:x xmlns:a="urn:a"><a:y xmlns:a="urn:other"><a:z xmlns:a="urn:a"></a:z></a:y></a:x>',
  },
  {
    name: 'a default namespace',
    root: element(DEFAULT, 'x', {}, element(A, 'y', {}, element(DEFAULT, 'z', {}))),
    expect: '<x xmlns="urn:d"><a:y xmlns:a="urn:a"><z></z></a:y></x>',
  },
  {
    name: 'text is escaped as canonical XML spells it',
    root: element(A, 'x', {}, '<&>"\'\t\r\n é𝄞\u0085'),
    expect: '<a:x xmlns:a="urn:a">&lt;&amp;&gt;"\'\t&#xD;\n é𝄞\u0085</a:x>',
  },
  {
    name: 'an attribute value is escaped as canonical XML spells it',
    root: element(A, 'x', { v: '<&>"\'\t\r\n é𝄞' }),
    expect: '<a:x xmlns:a="urn:a" v="&lt;&amp;>&quot;\'&#x9;&#xD;&#xA; é𝄞"></a:x>',
  },
  {
    name: 'xml:lang comes after attributes without a namespace and needs no declaration',
    root: element(A, 'x', { 'xml:lang': 'de', zz: '1' }),
    expect: '<a:x xmlns:a="urn:a" zz="1" xml:lang="de"></a:x>',
  },
  {
    name: 'xsi:type declares xs and xsi on the spot and stands before xml:lang',
    root: element(A, 'x', {}, element(A, 'y', { 'xml:lang': 'de', 'xsi:type': 'xs:string' }, 'v')),
    expect:
      '<a:x xmlns:a="urn:a"><a:y xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string" xml:lang="de">v</a:y></a:x>',
  },
  {
    name: 'an undefined child is nothing',
    root: element(A, 'x', {}, undefined, 'a', undefined, 'b'),
    expect: '<a:x xmlns:a="urn:a">ab</a:x>',
  },
];

for (const { name, root, expect } of written) {
  test(name, () => assert.equal(canonical(root), expect));
}

const refused: readonly { readonly name: string; readonly make: () => XmlElement; readonly message: RegExp }[] = [
  { name: 'NUL in text', make: () => element(A, 'x', {}, 'a\0'), message: /U\+0000 \(at 1\)/ },
  { name: 'a control character in text', make: () => element(A, 'x', {}, '\u001b[0m'), message: /U\+001B/ },
  { name: 'a control character in an attribute', make: () => element(A, 'x', { v: '\u0008' }), message: /U\+0008/ },
  { name: 'U+FFFE', make: () => element(A, 'x', {}, '\ufffe'), message: /U\+FFFE/ },
  { name: 'a lone surrogate', make: () => element(A, 'x', {}, '\ud834'), message: /surrogate/ },
  { name: 'a lone surrogate in an attribute', make: () => element(A, 'x', { v: '\udd1e' }), message: /surrogate/ },
  { name: 'markup in an element name', make: () => element(A, 'x><y', {}), message: /element name/ },
  { name: 'an empty element name', make: () => element(A, '', {}), message: /element name/ },
  { name: 'a prefix in an element name', make: () => element(A, 'b:x', {}), message: /element name/ },
  { name: 'markup in an attribute name', make: () => element(A, 'x', { 'a="1" b': '' }), message: /attribute/ },
  { name: 'a namespace declaration by hand', make: () => element(A, 'x', { xmlns: 'urn:b' }), message: /attribute/ },
  { name: 'a prefixed declaration by hand', make: () => element(A, 'x', { 'xmlns:q': 'q' }), message: /attribute/ },
  { name: 'an unknown prefixed attribute', make: () => element(A, 'x', { 'xml:base': '/' }), message: /attribute/ },
  { name: 'an xsi:type outside xs', make: () => element(A, 'x', { 'xsi:type': 'a:T' }), message: /attribute/ },
  { name: 'markup in a prefix', make: () => element({ prefix: 'a b', uri: 'u' }, 'x', {}), message: /namespace/ },
  { name: 'a reserved prefix', make: () => element({ prefix: 'xmlns', uri: 'u' }, 'x', {}), message: /namespace/ },
  { name: 'xs with another meaning', make: () => element({ prefix: 'xs', uri: 'u' }, 'x', {}), message: /namespace/ },
  {
    name: 'a namespace name that would need escaping',
    make: () => element({ prefix: 'a', uri: 'u"' }, 'x', {}),
    message: /namespace/,
  },
  { name: 'no namespace', make: () => element({ prefix: 'a', uri: '' }, 'x', {}), message: /namespace/ },
];

for (const { name, make, message } of refused) {
  test(`refused: ${name}`, () => assert.throws(make, { name: 'TypeError', message }));
}

test('a fragment is the text of its element, in every place', () => {
  const tree = (make: (e: XmlElement) => Child) =>
    canonical(element(A, 'x', {}, make(element(B, 'y', {}, make(element(A, 'z', { 'xsi:type': 'xs:string' }))))));
  assert.equal(
    tree(prepare),
    tree((e) => e),
  );
});

test('a fragment below an element that declares its namespace does not declare it again', () => {
  const fragment = prepare(element(A, 'y', {}, 'v'));
  assert.equal(canonical(element(A, 'x', {}, fragment)), '<a:x xmlns:a="urn:a"><a:y>v</a:y></a:x>');
  assert.equal(canonical(fragment), '<a:y xmlns:a="urn:a">v</a:y>');
});

test('a fragment of fragments knows which namespaces its parts declare', () => {
  const outer = prepare(element(A, 'x', {}, prepare(element(B, 'y', {}))));
  assert.equal(
    canonical(element(B, 'r', {}, outer)),
    '<b:r xmlns:b="urn:b"><a:x xmlns:a="urn:a"><b:y></b:y></a:x></b:r>',
  );
});

test('a fragment cannot be forged from text', () => {
  const forged = { text: '<script>', schemaTypes: false } as unknown as Child;
  assert.throws(() => canonical(element(A, 'x', {}, forged)));
});

test('what goes into a seam stands where it was left open', () => {
  const attributes: Attributes = { ID: '1' };
  const root = element(A, 'x', attributes, 'text', element(A, 'Issuer', {}, 'i'), element(B, 'z', {}));
  const seam = seamAt(root, indexOfChild(root, 'Issuer') + 1);
  assert.equal(seam.text, canonical(root));
  const filled = insertAt(seam, element(B, 'y', {}));
  const expected = element(
    A,
    'x',
    attributes,
    'text',
    element(A, 'Issuer', {}, 'i'),
    element(B, 'y', {}),
    element(B, 'z', {}),
  );
  assert.equal(canonical(filled), canonical(expected));
  assert.equal(canonical(element(B, 'r', {}, filled)), canonical(element(B, 'r', {}, expected)));
});
