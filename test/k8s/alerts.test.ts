// Alert rules are tried by promtool; every metric and label that they or the dashboard name is one that a node has.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { requireTool, runTool } from '../support/tools.ts';
import { root } from './render.ts';

const monitoring = join(root, 'k8s/components/monitoring');
const unpacked = join(root, '.test-tools/promtool');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

const { spec } = parse(readFileSync(join(monitoring, 'prometheusrule.yaml'), 'utf8')) as { spec: RuleFile };
const rules = spec.groups.flatMap((group) => group.rules);
const unitTests = ['alerts.yaml', 'alerts-of-days.yaml'];

function promtool(t: TestContext): string | null {
  if (existsSync(unpacked)) return unpacked;
  return requireTool(t, 'promtool') ? 'promtool' : null;
}

/** Groups at promtool's own interval, and without the words: tests are about when, not about what is said. */
function rulesFile(change: (expr: string) => string): string {
  const groups = spec.groups.map(({ name, rules: inGroup }) => ({
    name,
    rules: inGroup.map(({ annotations: _, ...rule }) => ({ ...rule, expr: change(rule.expr) })),
  }));
  return stringify({ groups });
}

interface UnitTests {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

function readUnitTests(file: string): UnitTests {
  return parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as UnitTests;
}

/** Runs the unit tests whose names begin so. */
function runUnitTests(tool: string, begin: string, change: (expr: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'signet-alerts-'));
  try {
    writeFileSync(join(folder, 'rules.yaml'), rulesFile(change));
    const paths = unitTests.flatMap((file) => {
      const all = readUnitTests(file);
      const tests = all.tests.filter(({ name }) => name.startsWith(begin));
      if (tests.length === 0) return [];
      writeFileSync(join(folder, file), stringify({ ...all, tests }));
      return [join(folder, file)];
    });
    return runTool(tool, ['test', 'rules', ...paths]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('promtool takes the rules as they are', (t) => {
  const tool = promtool(t);
  if (tool === null) return;
  const folder = mkdtempSync(join(tmpdir(), 'signet-alerts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.yaml'), stringify(spec));
  const { ok, stdout, stderr } = runTool(tool, ['check', 'rules', join(folder, 'rules.yaml')]);
  assert.ok(ok, stdout.toString() + stderr);
});

test('each alert fires when it should, and not when it nearly should', (t) => {
  const tool = promtool(t);
  if (tool === null) return;
  const { ok, stdout, stderr } = runUnitTests(tool, '', (expr) => expr);
  assert.ok(ok, stdout.toString() + stderr);
});

test('rules that are wrong are found by the unit tests', (t) => {
  const tool = promtool(t);
  if (tool === null) return;
  const wrong: readonly (readonly [why: string, tests: string, change: (expr: string) => string])[] = [
    [
      'an objective of 99.999 %',
      'SignetErrorBudgetBurn: 0.008 % is within',
      (expr) => expr.replaceAll('0.0001', '0.00001'),
    ],
    [
      'a first refused file that counts for nothing',
      'SignetFileRefused: the first',
      (expr) => expr.replace(/\n *or [\s\S]*$/, ''),
    ],
    ['passwords that count as slow', 'SignetSlow: passwords', (expr) => expr.replace(',route!="/flow/:id"', '')],
  ];
  for (const [why, tests, change] of wrong) {
    assert.equal(runUnitTests(tool, tests, (expr) => expr).ok, true, why);
    assert.equal(runUnitTests(tool, tests, change).ok, false, why);
  }
});

test('every alert has a test in which it fires and one in which it does not', () => {
  const cases = unitTests.flatMap((file) => readUnitTests(file).tests).flatMap((one) => one.alert_rule_test);
  for (const alert of new Set(rules.flatMap((rule) => rule.alert ?? []))) {
    const of = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
    assert.deepEqual([of.includes(true), of.includes(false)], [true, true], alert);
  }
});

/** Of Prometheus itself, and of kube-state-metrics. */
const FOREIGN = new Map([
  ['up', []],
  ['kube_cronjob_status_last_successful_time', ['cronjob']],
]);
/** Set by Prometheus, and `le` by histograms. */
const EVERYWHERE = ['job', 'namespace', 'pod', 'le'];

async function knownMetrics(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = createMetrics('0.0.0');
  const known = new Map<string, readonly string[]>(FOREIGN);
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: readonly string[] };
    // prom-client answers the type as text.
    const parts = String(type) === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const part of parts) known.set(`${name}${part}`, labelNames);
  }
  for (const { record } of rules) if (record !== undefined) known.set(record, []);
  return known;
}

/** Metric names with the labels of their matchers, out of PromQL. */
function namedIn(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  const bare = expr.replace(/"[^"]*"/g, '""').replace(/\b(by|on|group_left|without|ignoring) *\([^)]*\)/g, ' ');
  return [...bare.matchAll(/([a-zA-Z_][\w:]*)(?:\{([^}]*)\})?(?!\w*\s*\()/g)].flatMap(
    ([, name = '', matchers = '']) => {
      const labels = [...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label);
      return /[_:]/.test(name) && !/^\$|^humanize/.test(name)
        ? [{ name, labels }]
        : name === 'up'
          ? [{ name, labels }]
          : [];
    },
  );
}

const FUNCTIONS = new Set(['histogram_quantile', 'label_values', 'count_values', '__rate_interval']);

function unknownIn(exprs: readonly string[], known: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return exprs.flatMap(namedIn).flatMap(({ name, labels }) => {
    if (FUNCTIONS.has(name)) return [];
    const own = known.get(name);
    if (own === undefined) return [name];
    return labels
      .filter((label) => !own.includes(label) && !EVERYWHERE.includes(label))
      .map((label) => `${name}{${label}}`);
  });
}

interface Dashboard {
  readonly panels: readonly { readonly id: number; readonly targets?: readonly { readonly expr: string }[] }[];
}

const dashboard = JSON.parse(readFileSync(join(monitoring, 'dashboard.json'), 'utf8')) as Dashboard;
const shown = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test('alerts and the dashboard name metrics and labels that a node has', async () => {
  const known = await knownMetrics();
  assert.ok(rules.length > 20 && shown.length > 20);
  assert.deepEqual(unknownIn([...rules.map(({ expr }) => expr), ...shown], known), []);
});

test('metrics and labels that no node has are found', async () => {
  const known = await knownMetrics();
  const wrong = [
    'rate(signet_login_total[5m])',
    'max(signet_keyring_serial{kid="a"})',
    'signet_login_duration_seconds > 1',
  ];
  assert.deepEqual(unknownIn(wrong, known), [
    'signet_login_total',
    'signet_keyring_serial{kid}',
    'signet_login_duration_seconds',
  ]);
});

test("every metric of Signet's own is on the dashboard or in an alert", async () => {
  const all = [...rules.map(({ expr }) => expr), ...shown].join('\n');
  const { registry } = createMetrics('0.0.0');
  const missing = (await registry.getMetricsAsJSON()).filter(
    ({ name }) => name.startsWith('signet_') && !all.includes(name),
  );
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test('panels have ids of their own', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});
