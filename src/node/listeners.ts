// Owns: the two listeners of a node: the one for everybody, and the management listener. Leaves to http/: serving; to main.ts: sockets.
import type { RequestListener } from 'node:http';
import { createApp, type Route } from '../http/app.ts';
import { createManagement } from '../http/management.ts';
import { createRequestReader } from '../http/read-request.ts';
import { securityHeaders } from '../http/security-headers.ts';
import { createSender } from '../http/send-reply.ts';
import { METADATA_PATH, SCRIPT_PATH } from '../routes.ts';
import type { Desk } from '../web/desk.ts';
import { createForwardWarning } from './forward-warning.ts';
import type { NodeContext } from './node-context.ts';
import { ownMetadata } from './protocols.ts';
import { SIGNING_KEYS_PATH, signingKeysDocument } from './signing-sets.ts';
import { type NodeView, notReady, refreshGauges, ringReports, statusOf } from './status.ts';

export interface Listeners {
  readonly publicListener: RequestListener;
  readonly managementListener: RequestListener;
}

/** `routes` are those of the public listener, apart from the metadata, which is on one of the two as it is configured. */
export function createListeners(
  view: NodeView,
  { clock, random, log }: NodeContext,
  desk: Desk,
  routes: readonly Route[],
): Listeners {
  const { config, parts, metrics, draining } = view;
  const documents = new Map<string, () => Promise<{ contentType: string; text: string }>>();
  const metadata = ownMetadata(config, parts, random);
  const publicRoutes = [...routes];
  if (config.saml.publicMetadata) publicRoutes.push({ method: 'GET', path: METADATA_PATH, handle: metadata });
  else documents.set(METADATA_PATH, metadata);
  documents.set(SIGNING_KEYS_PATH, async () => signingKeysDocument(parts.signingKeys));

  const publicListener = createApp({
    routes: publicRoutes,
    read: createRequestReader({
      isProxy: parts.isProxy,
      clock,
      random,
      onUntrustedForward: createForwardWarning(log),
    }),
    sender: createSender({
      pages: desk.pages,
      headers: securityHeaders(!config.plainHttp, `${config.publicOrigin}${SCRIPT_PATH}`),
      secure: !config.plainHttp,
      nodeHeader: config.nodeHeader ? config.nodeName : null,
      draining,
    }),
    metrics,
    page: desk.page,
    onFault: (error, requestId, route) =>
      log.error('fault', {
        requestId,
        route,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  });
  const managementListener = createManagement({
    metrics,
    documents,
    refresh: () => refreshGauges(view),
    notReady: () => notReady(view),
    ringReports: ringReports(parts, config.nodeName, clock),
    status: () => statusOf(view),
  });
  return { publicListener, managementListener };
}
