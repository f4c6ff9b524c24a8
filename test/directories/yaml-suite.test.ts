import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addPerson, setDisabled } from '../../src/directories/users-file-edit.ts';
import { openYamlDirectory } from '../../src/directories/yaml-directory.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { directorySuite, SUITE_PEOPLE } from '../suites/directory-suite.ts';

directorySuite('YAML', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signet-suite-'));
  const path = join(folder, 'users.yaml');
  const random = systemRandom();
  for (const { loginName, password, attributes, groups, disabled } of SUITE_PEOPLE) {
    const cost = { memory: 64, time: 1, parallelism: 1 };
    const passwordHash = password === null ? null : await createHash(password, cost, random);
    await addPerson(path, { loginName, passwordHash, attributes: new Map(Object.entries(attributes)), groups }, random);
    if (disabled) await setDisabled(path, loginName, true);
  }
  const directory = await openYamlDirectory({ name: 'users', path, pollSeconds: 3600, onEvent: () => {} });
  return {
    directory,
    close: async () => {
      directory.close();
      await rm(folder, { recursive: true });
    },
  };
});
