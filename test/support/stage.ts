// Owns: what the browser tests play on: a small cluster, two demo SPs on another site, Chromium, and the wire in writing.
import type { Browser } from 'playwright-core';
import { type DemoSp, startDemoSp } from '../../scripts/demo-sp.ts';
import { makeKeyAndCertificate } from '../../scripts/key-and-certificate.ts';
import { type SpIdentity, spMetadata } from '../../scripts/saml-sp.ts';
import { CHROMIUM, launchChromium } from './chromium.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { freePorts } from './free-ports.ts';
import { signingKeyFromStock } from './key-stock.ts';
import { type Recorder, startRecorder } from './recorder.ts';

/** What must be installed; for `requireTool`. */
export const STAGE_TOOLS = ['/usr/sbin/haproxy', CHROMIUM] as const;

export interface Stage {
  readonly cluster: Cluster;
  readonly chromium: Browser;
  /** On 127.0.0.1, while the identity provider is on localhost: two sites, and SameSite knows it. */
  readonly wiki: SpIdentity;
  readonly library: SpIdentity;
  /** What Chromium sent to the wiki. */
  readonly toWiki: Recorder;
  /** What Chromium sent to the identity provider. */
  readonly toIdp: Recorder;
  readonly close: () => Promise<void>;
}

/** Starts everything; `parties` are further SPs' metadata. */
export async function startStage(parties: readonly string[] = []): Promise<Stage> {
  const [publicPort = 0, wikiFront = 0, wikiPort = 0, libraryPort = 0] = await freePorts(4);
  const identity = async (title: string, port: number): Promise<SpIdentity> => {
    const baseUrl = `http://127.0.0.1:${port}`;
    return { baseUrl, title, keys: await makeKeyAndCertificate(baseUrl, signingKeyFromStock) };
  };
  const [wiki, library] = await Promise.all([identity('Wiki', wikiFront), identity('Library', libraryPort)]);
  const cluster = await startCluster({ parties: [wiki, library].map(spMetadata).concat(parties), publicPort });
  const toIdp = await startRecorder(publicPort, cluster.port);
  const toWiki = await startRecorder(wikiFront, wikiPort);
  const sp = (port: number, self: SpIdentity, other: SpIdentity): Promise<DemoSp> =>
    startDemoSp({
      port,
      identity: self,
      idp: cluster.idp,
      idpLogoutUrl: `${cluster.publicUrl}/logout`,
      other: { title: other.title, url: other.baseUrl },
      trail: cluster.trail.between,
    });
  const sps = [await sp(wikiPort, wiki, library), await sp(libraryPort, library, wiki)];
  const chromium = await launchChromium();
  return {
    cluster,
    chromium,
    wiki,
    library,
    toWiki,
    toIdp,
    close: async () => {
      await chromium.close();
      await Promise.all([...sps, toWiki, toIdp].map((each) => each.close()));
      await cluster.close();
    },
  };
}
