// The layer rules of biome.json, shown to bite: for every rule a file that breaks it is linted and must be refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const biome = join(root, 'node_modules/.bin/biome');

interface Override {
  readonly includes: readonly string[];
  readonly linter: {
    readonly rules: { readonly style: { readonly noRestrictedImports: { readonly options: Options } } };
  };
}
interface Options {
  readonly patterns: readonly { readonly group: readonly string[] }[];
  readonly paths?: Readonly<Record<string, unknown>>;
}

const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as { overrides: readonly Override[] };
const layerRules = overrides.filter((one) => one.linter.rules.style?.noRestrictedImports !== undefined);

function layerOf(rule: Override): string {
  return rule.includes[0]?.replace(/^src\//, '').replace(/\/\*\*$/, '') ?? '';
}

/** `../../other/file.ts` as a file of the layer would write it; a neighbour's stands in the rule as it is written. */
function importOf(layer: string, group: string): string {
  if (group.startsWith('../')) return group.replace(/\*\*$/, 'seeded.ts');
  const up = '../'.repeat(layer.split('/').length);
  return up + group.replace(/^\*\*\//, '').replace(/\/\*\*$/, '/seeded.ts');
}

interface Seed {
  readonly layer: string;
  readonly from: string;
  readonly file: string;
  readonly refused: boolean;
}

/** Every forbidden import of every layer as a file of its own, and one allowed import a layer. */
const seeds: readonly Seed[] = layerRules.flatMap((rule) => {
  const layer = layerOf(rule);
  const { patterns, paths = {} } = rule.linter.rules.style.noRestrictedImports.options;
  const groups = patterns.flatMap((pattern) => pattern.group).map((group) => importOf(layer, group));
  const forbidden = [...groups, ...Object.keys(paths)].map((from) => ({ from, refused: true }));
  return [...forbidden, { from: 'node:crypto', refused: false }].map((one, i) => ({
    ...one,
    layer,
    file: `src/${layer}/seeded-${i}.ts`,
  }));
});

/** The files that biome refuses for an import, when all seeds are linted under the project's own rules. */
function refusedFiles(): ReadonlySet<string> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-layers-'));
  const rules = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...rules, $schema: undefined, vcs: undefined }));
  for (const { layer, from, file } of seeds) {
    mkdirSync(join(folder, 'src', layer), { recursive: true });
    writeFileSync(join(folder, file), `import { something } from '${from}';\n\nexport const used = something;\n`);
  }
  const args = ['lint', '--reporter=github', '--max-diagnostics=none', 'src'];
  const run = spawnSync(biome, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  rmSync(folder, { recursive: true });
  const lines = run.stdout.split('\n').filter((line) => line.includes('noRestrictedImports'));
  return new Set(lines.map((line) => /file=.*?(src\/[^,]+)/.exec(line)?.[1] ?? ''));
}

const refused = refusedFiles();
for (const layer of layerRules.map(layerOf)) {
  test(`${layer}/ refuses every import that goes up or across, and every library that is not its own`, () => {
    for (const seed of seeds.filter((one) => one.layer === layer)) {
      assert.equal(refused.has(seed.file), seed.refused, `${layer} imports ${seed.from}`);
    }
  });
}

function foldersIn(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

test('every folder of src has a rule, and no two rules match the same file', () => {
  const free = new Set(['cli', 'node', 'protocols']);
  const layers = layerRules.map(layerOf);
  const folders = foldersIn('src').filter((name) => !free.has(name));
  const protocols = foldersIn('src/protocols').map((name) => `protocols/${name}`);
  for (const name of [...folders, ...protocols]) assert.ok(layers.includes(name), `no rule for src/${name}`);
  assert.equal(new Set(layers).size, layers.length);
});

test('no protocol imports another, however the import is written', () => {
  const protocols = foldersIn('src/protocols');
  for (const name of protocols) {
    const rule = layerRules.find((one) => layerOf(one) === `protocols/${name}`) ?? assert.fail(`no rule for ${name}`);
    const groups = rule.linter.rules.style.noRestrictedImports.options.patterns.flatMap(({ group }) => group);
    for (const other of protocols.filter((one) => one !== name)) {
      for (const spelling of [`../${other}/**`, `**/protocols/${other}/**`]) {
        assert.ok(groups.includes(spelling), `${name} may import ${spelling}`);
      }
    }
  }
});

test('no layer imports a file that stands beside the folders of src', () => {
  const outermost = readdirSync(join(root, 'src')).filter((name) => name.endsWith('.ts'));
  for (const rule of layerRules) {
    const named = rule.linter.rules.style.noRestrictedImports.options.patterns.flatMap(({ group }) => group);
    for (const name of outermost) assert.ok(named.includes(`**/${name}`), `${layerOf(rule)} may import ${name}`);
  }
});
