import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attribute,
  child,
  childElements,
  isXmlProblem,
  type ParsedXml,
  parseMessage,
  parseMetadata,
  textOf,
  type XmlProblem,
} from '../../src/xml/parse.ts';

function parsed(result: ParsedXml | XmlProblem): ParsedXml {
  if (result.kind === 'xml-problem') assert.fail(`${result.code}: ${result.detail}`);
  return result;
}

function codeOf(result: object | string | null): string {
  return isXmlProblem(result) ? result.code : 'accepted';
}

const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
const attributes = (count: number) => `<a ${Array.from({ length: count }, (_, i) => `a${i}="1"`).join(' ')}/>`;
const latin1 = (text: string) => Buffer.from(text, 'latin1');

// Every row has its twin: the same document without what is refused is accepted.
const table: readonly {
  readonly name: string;
  readonly bad: string | Buffer;
  readonly code: string;
  readonly good: string | Buffer;
}[] = [
  // The classic entity bomb; also CVE-2021-21366, CVE-2022-39353 (xmldom) needed repaired or multi-root input.
  { name: 'a DOCTYPE', bad: '<!DOCTYPE a><a/>', code: 'doctype', good: '<a/>' },
  {
    name: 'a billion laughs',
    bad: '<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;">]><a>&m;</a>',
    code: 'doctype',
    good: '<a>hahaha</a>',
  },
  {
    name: 'an external entity',
    bad: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    code: 'doctype',
    good: '<?xml version="1.0"?><a>x</a>',
  },
  { name: 'a lower-case doctype', bad: '<!doctype a><a/>', code: 'doctype', good: '<a/>' },
  { name: 'an entity declaration', bad: '<a><!ENTITY x "y"></a>', code: 'entity', good: '<a></a>' },
  { name: 'an undeclared entity', bad: '<a>&nbsp;</a>', code: 'entity', good: '<a>&amp;&lt;&gt;&quot;&apos;</a>' },
  { name: 'an undeclared entity in an attribute', bad: '<a b="&x;"/>', code: 'entity', good: '<a b="&amp;"/>' },
  { name: 'a bare ampersand', bad: '<a>x & y</a>', code: 'entity', good: '<a>x &amp; y</a>' },
  { name: 'a reference without an end', bad: '<a>&amp</a>', code: 'entity', good: '<a>&amp;</a>' },
  { name: 'an upper-case hexadecimal mark', bad: '<a>&#X41;</a>', code: 'entity', good: '<a>&#x41;</a>' },
  // CVE-2017-11427 and its siblings: a comment splits the text, and a reader takes only the first piece.
  { name: 'a comment', bad: '<a>admin<!---->.evil</a>', code: 'comment', good: '<a>admin.evil</a>' },
  { name: 'a comment after the root', bad: '<a/><!-- x -->', code: 'comment', good: '<a/>' },
  { name: 'a CDATA section', bad: '<a><![CDATA[x]]></a>', code: 'cdata', good: '<a>x</a>' },
  { name: 'an end of CDATA in text', bad: '<a>x]]>y</a>', code: 'malformed', good: '<a>x]]y</a>' },
  { name: 'a processing instruction', bad: '<a>ad<?x?>min</a>', code: 'processing-instruction', good: '<a>admin</a>' },
  {
    name: 'a stylesheet before the root',
    bad: '<?xml-stylesheet href="x"?><a/>',
    code: 'processing-instruction',
    good: '<a/>',
  },
  { name: 'a late XML declaration', bad: ' <?xml version="1.0"?><a/>', code: 'processing-instruction', good: ' <a/>' },
  {
    name: 'XML 1.1, which has other line ends and names',
    bad: '<?xml version="1.1"?><a/>',
    code: 'processing-instruction',
    good: '<?xml version="1.0"?><a/>',
  },
  {
    name: 'another declared encoding',
    bad: '<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
    code: 'encoding',
    good: '<?xml version="1.0" encoding="utf-8" standalone="yes" ?><a/>',
  },
  { name: 'bytes that are not UTF-8', bad: latin1('<a>\xe9</a>'), code: 'encoding', good: Buffer.from('<a>é</a>') },
  { name: 'an overlong spelling', bad: latin1('<a>\xc0\xbc</a>'), code: 'encoding', good: Buffer.from('<a>&lt;</a>') },
  { name: 'UTF-16', bad: Buffer.from('<a/>', 'utf16le'), code: 'control-character', good: Buffer.from('<a/>') },
  { name: 'NUL', bad: '<a>\0</a>', code: 'control-character', good: '<a>\t\n\r</a>' },
  { name: 'an escape character', bad: '<a b="\u001b"/>', code: 'control-character', good: '<a b="["/>' },
  { name: 'U+FFFF', bad: '<a>\uffff</a>', code: 'control-character', good: '<a>\ufffc</a>' },
  { name: 'a lone surrogate', bad: '<a>\ud800</a>', code: 'control-character', good: '<a>\ud834\udd1e</a>' },
  { name: 'a reference to NUL', bad: '<a>&#0;</a>', code: 'control-character', good: '<a>&#9;</a>' },
  { name: 'a reference to U+0001', bad: '<a b="&#x1;"/>', code: 'control-character', good: '<a b="&#xA;"/>' },
  { name: 'a reference to a surrogate', bad: '<a>&#xD800;</a>', code: 'control-character', good: '<a>&#xD7FF;</a>' },
  { name: 'a reference past Unicode', bad: '<a>&#x110000;</a>', code: 'control-character', good: '<a>&#x10FFFD;</a>' },
  // CVE-2022-39353: xmldom took several roots for one document.
  { name: 'a second root', bad: '<a/><b/>', code: 'second-root', good: '<a><b/></a>' },
  { name: 'a second root after a closed one', bad: '<a></a>\n<a></a>', code: 'second-root', good: '<a></a>\n' },
  { name: 'text after the root', bad: '<a/>x', code: 'malformed', good: '<a>x</a>' },
  { name: 'text before the root', bad: 'x<a/>', code: 'malformed', good: '<a/>' },
  { name: 'nothing', bad: '', code: 'malformed', good: '<a/>' },
  { name: 'white space only', bad: ' \n', code: 'malformed', good: '<a/>\n' },
  { name: 'a depth of 33', bad: nested(33), code: 'too-deep', good: nested(32) },
  { name: 'an empty element at depth 33', bad: `${'<a>'.repeat(32)}<b/>`, code: 'too-deep', good: nested(32) },
  { name: '65 attributes on one element', bad: attributes(65), code: 'too-many-attributes', good: attributes(64) },
  {
    name: '401 elements',
    bad: `<a>${'<b/>'.repeat(400)}</a>`,
    code: 'too-many-elements',
    good: `<a>${'<b/>'.repeat(399)}</a>`,
  },
  {
    name: '801 attributes in all',
    bad: `<a>${attributes(50).repeat(16)}<b c=""/></a>`,
    code: 'too-many-attributes',
    good: `<a>${attributes(50).repeat(16)}</a>`,
  },
  {
    name: 'a namespace name of 257 characters',
    bad: `<a xmlns:b="${'u'.repeat(257)}"/>`,
    code: 'malformed',
    good: `<a xmlns:b="${'u'.repeat(256)}" c="${'u'.repeat(257)}"/>`,
  },
  {
    name: '65,537 bytes',
    bad: `<a>${'x'.repeat(65_537 - 7)}</a>`,
    code: 'too-large',
    good: `<a>${'x'.repeat(65_536 - 7)}</a>`,
  },
  {
    name: 'fewer characters than bytes',
    bad: `<a>${'é'.repeat(32_765)}</a>`,
    code: 'too-large',
    good: `<a>${'é'.repeat(32_764)}</a>`,
  },
  { name: 'an attribute without quotes', bad: '<a b=1/>', code: 'malformed', good: '<a b="1"/>' },
  { name: 'an attribute without a value', bad: '<a b/>', code: 'malformed', good: '<a b=""/>' },
  { name: 'no space between attributes', bad: '<a b="1"c="2"/>', code: 'malformed', good: '<a b="1" c="2"/>' },
  { name: '< in an attribute', bad: '<a b="<"/>', code: 'malformed', good: '<a b=">"/>' },
  { name: 'an attribute twice', bad: '<a b="1" b="2"/>', code: 'malformed', good: '<a b="1" c="2"/>' },
  {
    // xmldom keeps the last of the two without a word; libxml2 refuses the document.
    name: 'an attribute twice under two prefixes',
    bad: '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>',
    code: 'malformed',
    good: '<a xmlns:p="u" xmlns:q="v" p:b="1" q:b="2"/>',
  },
  {
    name: 'an attribute twice under two prefixes, deep inside',
    bad: '<a xmlns:p="u"><b><c xmlns:q="u" p:b="1" q:b="2"/></b></a>',
    code: 'malformed',
    good: '<a xmlns:p="u"><b><c xmlns:q="u" p:b="1" q:c="2"/></b></a>',
  },
  { name: 'an undeclared prefix', bad: '<p:a/>', code: 'malformed', good: '<p:a xmlns:p="u"/>' },
  { name: 'an undeclared attribute prefix', bad: '<a p:b=""/>', code: 'malformed', good: '<a xmlns:p="u" p:b=""/>' },
  { name: 'elements that overlap', bad: '<a><b></a></b>', code: 'malformed', good: '<a><b></b></a>' },
  { name: 'a missing end tag', bad: '<a><b></b>', code: 'malformed', good: '<a><b></b></a>' },
  { name: 'an end tag with attributes', bad: '<a></a b="1">', code: 'malformed', good: '<a></a >' },
  { name: 'end tags before the root', bad: '</a><a/>', code: 'malformed', good: '<a/>' },
  { name: 'a space before a name', bad: '<a>< b/></a>', code: 'malformed', good: '<a><b/></a>' },
  { name: 'a name in another letter case', bad: '<a></A>', code: 'malformed', good: '<a></a>' },
  { name: 'HTML that closes itself', bad: '<p>a<br>b</p>', code: 'malformed', good: '<p>a<br/>b</p>' },
  { name: 'a tag without an end', bad: '<a', code: 'malformed', good: '<a/>' },
];

for (const { name, bad, code, good } of table) {
  test(`a message is refused for: ${name}`, () => {
    assert.equal(codeOf(parseMessage(bad)), code);
    assert.equal(codeOf(parseMessage(good)), 'accepted');
  });
}

test('metadata may hold comments between elements, and is read up to 16 MiB', () => {
  const comment = '<!-- AT&T <tag> ]]> -->';
  const text = `<?xml version="1.0"?>${comment}<a>${comment}<b/>${'<c/>'.repeat(30_000)}</a>${comment}`;
  assert.equal(childElements(parsed(parseMetadata(text)).root).length, 30_001);
  assert.equal(codeOf(parseMetadata(`<a>${' '.repeat(16 * 1024 * 1024 - 7)}</a>`)), 'accepted');
  assert.equal(codeOf(parseMetadata(`<a>${' '.repeat(16 * 1024 * 1024 - 6)}</a>`)), 'too-large');
});

test('metadata refuses the rest of what messages refuse', () => {
  const codes = [
    '<!DOCTYPE a><a/>',
    '<a>&x;</a>',
    '<a><![CDATA[x]]></a>',
    '<?x?><a/>',
    '<a/><b/>',
    '<a><!-- a -- b --></a>',
    '<a><!-- a</a>',
    nested(33),
  ].map((text) => codeOf(parseMetadata(text)));
  assert.deepEqual(codes, [
    'doctype',
    'entity',
    'cdata',
    'processing-instruction',
    'second-root',
    'malformed',
    'malformed',
    'too-deep',
  ]);
});

test('the text that was parsed is kept as it was', () => {
  const text = '<?xml version="1.0"?>\r\n<a b="1\n2">x\r\ny</a>';
  const result = parsed(parseMessage(Buffer.from(text)));
  assert.equal(result.text, text);
  assert.equal(textOf(result.root), 'x\ny');
  assert.equal(attribute(result.root, 'b'), '1 2');
});

test('U+0085 and U+2028 are characters like others (XML 1.0 §2.11)', () => {
  assert.equal(textOf(parsed(parseMessage('<a>x\u0085y\u2028z</a>')).root), 'x\u0085y\u2028z');
});

const tree = parsed(
  parseMessage('<r xmlns="urn:r" xmlns:q="urn:q" i="1" q:j="2"><a>x</a> <q:a>y</q:a><b/><b/><c>z&lt;<d/></c></r>'),
).root;

test('child finds by namespace and name', () => {
  const own = child(tree, 'urn:r', 'a');
  const other = child(tree, 'urn:q', 'a');
  assert.ok(own !== null && !isXmlProblem(own) && other !== null && !isXmlProblem(other));
  assert.equal(textOf(own), 'x');
  assert.equal(textOf(other), 'y');
  assert.equal(child(tree, 'urn:q', 'b'), null);
  assert.equal(child(tree, 'urn:r', 'd'), null);
  assert.equal(codeOf(child(tree, 'urn:r', 'b')), 'repeated');
});

test('textOf wants one piece of text and nothing else', () => {
  const rows = ['<a/>', '<a></a>', '<a>x<b/></a>', '<a><b/></a>', '<a><b/>x</a>', '<a>x<!-- -->y</a>'];
  assert.deepEqual(
    rows.map((row) => codeOf(textOf(parsed(parseMetadata(row)).root))),
    rows.map(() => 'not-text'),
  );
  assert.equal(textOf(parsed(parseMessage('<a>&lt;x&amp;&#x79;</a>')).root), '<x&y');
});

test('attribute reads what has no prefix', () => {
  assert.equal(attribute(tree, 'i'), '1');
  assert.equal(attribute(tree, 'j'), null);
  assert.equal(attribute(tree, 'toString'), null);
});
