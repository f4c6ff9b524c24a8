// Owns: what a node says of itself on the management listener: ready or why not, status, gauges that follow time.
import type { Config } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { HashPool } from '../methods/hash-pool.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Parts } from '../parts.ts';
import { dataRing } from '../sealer/data-keyring.ts';
import { sealerRing } from '../sealer/ring-kind.ts';
import { isReportNonce, type ReportInput, reportRing } from '../sealer/ring-report.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { SpentTable } from '../state/spent-table.ts';
import { describeSet } from './signing-sets.ts';

/** What there is to be asked. */
export interface NodeView {
  readonly config: Config;
  readonly version: string;
  readonly parts: Parts;
  readonly sealer: Sealer;
  readonly pool: HashPool;
  readonly spent: SpentTable;
  readonly metrics: Metrics;
  /** Audit lines lost since the start. */
  readonly auditLost: () => number;
  /** Lines of the log lost since the start. */
  readonly logLost: () => number;
  readonly draining: () => boolean;
}

/** Not the directory, not drift of the keyring: all nodes would go at once. */
export function notReady({ parts, sealer, draining }: NodeView): readonly string[] {
  const reasons: string[] = [];
  if (draining()) reasons.push('draining');
  if (sealer.primaryKid() === null) reasons.push('no key can seal');
  const noParties = parts.parties.size() === 0 && parts.parties.problems().length > 0;
  if (noParties) reasons.push('no relying party could be read');
  if (!parts.revocations.status().everLoaded) reasons.push('the revocation feed has never been read');
  return reasons;
}

export function statusOf(view: NodeView): Readonly<Record<string, unknown>> {
  const { config, parts } = view;
  const { revocations } = parts;
  return {
    version: view.version,
    node: config.nodeName,
    entityId: config.entityId,
    ready: notReady(view).length === 0,
    draining: view.draining(),
    keyring: parts.keyring.status(),
    dataKeyring: parts.dataKeyring?.status() ?? null,
    people: parts.directoryDetails.people(),
    parties: parts.parties.size(),
    partyProblems: parts.parties.problems(),
    revocations: revocations.status(),
    backends: backendsOf(parts),
    hashing: view.pool.status(),
    replayTable: view.spent.status(),
    auditLinesLost: view.auditLost(),
    logLinesLost: view.logLost(),
    signingKeys: Object.fromEntries(
      Object.entries(parts.signingKeys).map(([name, source]) => [name, describeSet(source)]),
    ),
  };
}

/** Which rings this node holds, by address; each answers null to what is no nonce. */
export function ringReports({ keyring, dataKeyring }: Parts, node: string, clock: Clock) {
  const reports = new Map<string, (nonce: string) => string | null>();
  const add = (path: string, report: (input: ReportInput) => string): void => {
    reports.set(path, (nonce) => (isReportNonce(nonce) ? report({ node, now: clock(), nonce }) : null));
  };
  add('/keyring', (input) => reportRing(sealerRing, keyring.current(), input));
  if (dataKeyring !== null) add('/data-keyring', (input) => reportRing(dataRing, dataKeyring.current(), input));
  return reports;
}

/** Those that were not asked yet are left out. */
function backendsOf({ directoryDetails, shared }: Parts): readonly { readonly name: string; readonly isUp: boolean }[] {
  const isUp = shared.database?.isUp() ?? null;
  return [...directoryDetails.backends(), ...(isUp === null ? [] : [{ name: 'database', isUp }])];
}

export function refreshGauges(view: NodeView): void {
  const { metrics, parts, pool, spent } = view;
  const ring = parts.keyring.status();
  metrics.keyringSerial.set(ring.serial);
  metrics.keyringKey.reset();
  if (parts.dataKeyring !== null) metrics.dataKeyringSerial.set(parts.dataKeyring.status().serial);
  for (const { kid, state } of ring.keys) metrics.keyringKey.set({ kid, state }, 1);
  metrics.keyringPrimary.reset();
  metrics.keyringOverdue.set(ring.primary?.because === 'overdue' ? 1 : 0);
  if (ring.primary !== null) metrics.keyringPrimary.set({ kid: ring.primary.kid }, 1);
  metrics.backendUp.reset();
  for (const { name, isUp } of backendsOf(parts)) metrics.backendUp.set({ backend: name }, isUp ? 1 : 0);
  metrics.metadataExpiry.reset();
  for (const { metadata } of parts.parties.all()) {
    if (metadata.validUntil !== null) metrics.metadataExpiry.set({ sp: metadata.entityId }, metadata.validUntil);
  }
  metrics.certificateExpiry.reset();
  for (const [protocol, source] of Object.entries(parts.signingKeys)) {
    const { serial, keys } = source.current();
    metrics.signingKeysSerial.set({ protocol }, serial);
    for (const { kid, state, certificate } of keys) {
      if (certificate !== null) metrics.certificateExpiry.set({ protocol, state, kid }, certificate.notAfter);
    }
  }
  metrics.hashQueue.set(pool.status().queued);
  metrics.spentRefusals.set(spent.status().refusals);
  metrics.auditLost.set(view.auditLost());
  metrics.logLost.set(view.logLost());
  const { audit, participants } = parts.shared;
  if (audit !== null) metrics.journalLost.set({ journal: 'audit' }, audit.lost());
  if (participants !== null) metrics.journalLost.set({ journal: 'participants' }, participants.lost());
  const { age, overCapacity } = parts.revocations.status();
  metrics.revocationAge.set(age);
  metrics.revocationsOver.set(overCapacity ? 1 : 0);
}
