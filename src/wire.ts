// Owns: putting a node together, from its parts to its listeners. Leaves to node/: each group of parts; to main.ts: sockets and signals.
import type { RequestListener } from 'node:http';
import type { Config } from './config/config.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createDesk, createNodeEnrolmentCookie } from './node/desk.ts';
import { createNodeFactors } from './node/factors.ts';
import { createListeners } from './node/listeners.ts';
import type { NodeContext } from './node/node-context.ts';
import { createPassword, openPool } from './node/passwords.ts';
import { createCas, createOidc, createSaml } from './node/protocols.ts';
import type { NodeView } from './node/status.ts';
import { openParts, type Parts } from './parts.ts';
import { createRoutes } from './routes.ts';
import { createSealer } from './sealer/seal.ts';
import { createSpentTable } from './state/spent-table.ts';
import { createSqlSessions } from './state/sql-sessions.ts';
import { createAccountAdapter } from './web/account-adapter.ts';

export interface SignetNode {
  readonly parts: Parts;
  readonly publicListener: RequestListener;
  readonly managementListener: RequestListener;
  /** From now on not ready, and every answer asks for the connection to be closed. */
  readonly drain: () => void;
  readonly close: () => Promise<void>;
}

/** @throws ProblemsError with everything that keeps this node from starting. */
export async function createNode(config: Config, context: NodeContext): Promise<SignetNode> {
  const { clock, random, log } = context;
  const metrics = createMetrics(context.version);
  const parts = await openParts(config, {
    clock,
    random,
    onEvent: ({ part, level, message }) => {
      log.log(level, message, { part });
      if (level === 'error') metrics.loadErrors.inc({ what: part });
    },
    onBackend: ({ backend, operation, seconds, failed }) => {
      metrics.backendDuration.observe({ backend, operation }, seconds);
      if (failed !== null) metrics.backendErrors.inc({ backend, reason: failed });
    },
    look: false,
  });
  let draining = false;
  const sealer = createSealer({
    ring: parts.keyring.current,
    reread: parts.keyring.reread,
    clock,
    random,
    observe: (purpose, result) => metrics.unseals.inc({ purpose, result }),
  });
  const saml = createSaml(config, context, parts, sealer);
  const spent = createSpentTable(config.spent.capacity, random);
  const once = parts.shared.spent(spent);
  const oidc = createOidc(config, context, parts, sealer, once);
  const cas = createCas(config, context, parts, sealer, once);
  const pool = openPool(config, log);
  const { database } = parts.shared;
  const journal = database === null ? null : createSqlSessions(database);
  const desk = createDesk(config, context, {
    parts,
    sealer,
    adapters: { saml: saml.adapter, oidc: oidc.adapter, cas: cas.adapter, account: createAccountAdapter() },
    metrics,
    spentHere: spent,
    once,
  });
  const view: NodeView = {
    config,
    version: context.version,
    parts,
    sealer,
    pool,
    spent,
    metrics,
    auditLost: context.auditLost,
    logLost: context.logLost,
    draining: () => draining,
  };
  const passwords = createPassword(config, context, parts, pool);
  const routes = createRoutes({
    config,
    parts,
    desk,
    saml,
    oidc,
    cas,
    ...passwords,
    pool,
    journal,
    assets: parts.theme.assets,
    clock,
    factors: createNodeFactors(config, {
      ...{ parts, metrics, log, clock, random },
      spent: once,
      throttle: passwords.throttle,
    }),
    enrolmentCookie: createNodeEnrolmentCookie(config, parts, sealer),
  });
  return {
    parts,
    ...createListeners(view, context, desk, routes),
    drain: () => {
      draining = true;
    },
    close: async () => {
      await pool.close();
      await parts.close();
    },
  };
}
