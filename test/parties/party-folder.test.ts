import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import {
  importParty,
  listParties,
  NoSuchPartyError,
  PartyFolderError,
  removeParty,
} from '../../src/parties/party-folder.ts';
import { metadataXml } from '../protocols/saml/idp.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'signet-parties-')), 'parties');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const ONE = 'https://one.example/sp';
const bytes = (entityId: string, more = ''): Buffer => Buffer.from(metadataXml({ entityId }) + more);

test('import writes a file of its own, readable by the service, and makes the folder', async () => {
  const { file, entityIds, replaced } = await importParty(folder, bytes(ONE), 'x.xml');
  assert.match(file, /^one-example-sp-[0-9a-f]{6}\.xml$/);
  assert.deepEqual(entityIds, [ONE]);
  assert.equal(replaced, false);
  assert.equal((await stat(join(folder, file))).mode & 0o777, 0o644);
  assert.deepEqual(await readFile(join(folder, file)), bytes(ONE));
  assert.equal((await listParties(folder)).parties.length, 1);
});

test('import again replaces, also a file with a name of its own', async () => {
  const { file } = await importParty(folder, bytes(ONE), 'x.xml');
  assert.deepEqual(await importParty(folder, bytes(ONE, '\n'), 'x.xml'), { file, entityIds: [ONE], replaced: true });
  await writeFile(join(folder, 'mine.xml'), bytes('https://two.example'));
  assert.equal((await importParty(folder, bytes('https://two.example', '\n'), 'x.xml')).file, 'mine.xml');
  assert.equal((await listParties(folder)).parties.length, 2);
});

const hostileIds = ['https://x.example/../../etc/passwd', '../up', 'urn:x:ÄÖÜ', '....', '__proto__'];
for (const entityId of hostileIds) {
  test(`the file of ${entityId} stays in the folder`, async () => {
    const { file } = await importParty(folder, bytes(entityId), 'x.xml');
    assert.match(file, /^[a-z0-9-]+\.xml$/);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.xml')),
      [file],
    );
  });
}

test('two entityIDs that look alike have two files', async () => {
  const first = await importParty(folder, bytes('https://a.example/b'), 'x.xml');
  const second = await importParty(folder, bytes('https://a.example:b'), 'x.xml');
  assert.notEqual(first.file, second.file);
});

test('nothing is written when something is wrong', async () => {
  await assert.rejects(importParty(folder, Buffer.from(metadataXml({ endpoints: '' })), 'x.xml'), ProblemsError);
  await assert.rejects(importParty(folder, bytes(`https://x.example/${'a'.repeat(250)}`), 'x.xml'), ProblemsError);
  await assert.rejects(importParty(folder, Buffer.from('x'), 'x.xml'), ProblemsError);
  await assert.rejects(readdir(folder));
});

test('remove takes the settings along, and only that party', async () => {
  const { file } = await importParty(folder, bytes(ONE), 'x.xml');
  await importParty(folder, bytes('https://two.example'), 'x.xml');
  const settings = file.replace('.xml', '.yaml');
  await writeFile(join(folder, settings), 'displayName: x\n');
  assert.deepEqual(await removeParty(folder, ONE), [file, settings]);
  const { parties, problems } = await listParties(folder);
  assert.deepEqual(
    parties.map(({ metadata }) => metadata.entityId),
    ['https://two.example'],
  );
  assert.deepEqual(problems, []);
});

test('remove refuses what is not there, or not alone in its file', async () => {
  await importParty(folder, bytes(ONE), 'x.xml');
  await assert.rejects(removeParty(folder, 'https://other.example'), NoSuchPartyError);
  const both = [ONE, 'https://two.example'].map((id) => metadataXml({ entityId: id }).replace(/<\?xml.*?-->/s, ''));
  await writeFile(
    join(folder, 'all.xml'),
    `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${both.join('')}<md:EntityDescriptor entityID="https://idp.example"/>${metadataXml({ entityId: 'https://three.example' }).replace(/<\?xml.*?-->/s, '')}</md:EntitiesDescriptor>`,
  );
  await assert.rejects(removeParty(folder, 'https://two.example'), PartyFolderError);
});
