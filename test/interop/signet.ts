// Owns: calling the second reader of sealed values (decode.py), and what Signet's own code says of the same bytes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Random } from '../../src/lib/random.ts';
import { createSealer, type Sealer } from '../../src/sealer/seal.ts';
import type { OneNode } from '../support/one-node.ts';
import { requireTool, runTool, type ToolResult } from '../support/tools.ts';

const PYTHON = '/usr/bin/python3';
const CRYPTOGRAPHY = '/usr/lib/python3/dist-packages/cryptography';

/** Debian's own Python, since its package belongs to no other. */
export function requireDecoder(t: Pick<TestContext, 'skip'>): boolean {
  return requireTool(t, PYTHON) && requireTool(t, CRYPTOGRAPHY);
}

export function decoder(args: readonly string[], input = ''): ToolResult {
  return runTool(PYTHON, ['-B', join(import.meta.dirname, 'decode.py'), ...args], { input });
}

/** A value taken apart by the specification; times are Unix seconds, bytes are hex. */
export interface Decoded {
  readonly purpose: string;
  readonly context: string;
  readonly kid: string;
  readonly nonce: string;
  readonly schema: number;
  readonly iat: number;
  readonly exp: number;
  readonly length: number;
  readonly padding: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Found {
  readonly purpose: string;
  readonly context: string;
  readonly token: string;
}

/** What the decoder reads with a node's keyring at the node's time. */
export function decodeAt(node: OneNode, { purpose, context, token }: Found, now = node.time.now): ToolResult {
  return decoder(['open', node.config.keyring.file, purpose, context, String(now)], token);
}

export function decoded(node: OneNode, found: Found): Decoded {
  const { ok, stdout, stderr } = decodeAt(node, found);
  assert.ok(ok, stderr);
  return JSON.parse(stdout.toString()) as Decoded;
}

/** The token that the decoder makes of the fields that it read, in another run that knows nothing else. */
export function encodedAgain(node: OneNode, value: Decoded): string {
  const { ok, stdout, stderr } = decoder(['seal', node.config.keyring.file], JSON.stringify(value));
  assert.ok(ok, stderr);
  return (JSON.parse(stdout.toString()) as { readonly token: string }).token;
}

/** Signet's own code under a node's ring and time; it seals when it is given random bytes. */
export function sealerOf(node: OneNode, random: Random = () => assert.fail('nothing is sealed here')): Sealer {
  return createSealer({
    ring: node.node.parts.keyring.current,
    reread: () => false,
    clock: () => node.time.now,
    random,
    observe: () => {},
  });
}
