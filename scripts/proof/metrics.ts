// Owns: what the proof reads in a node's metrics.

/** Why a value does not open when nodes disagree about keys or about the time; each must stay at 0. */
const REASONS = ['unknown-kid', 'expired-kid', 'tampered', 'future'];

/** Values that a node could not open because of their key, or because they are from its future. */
export function keyRefusals(metrics: string): number {
  return [...metrics.matchAll(/^signet_unseal_total\{purpose="[^"]+",result="([^"]+)"\} (\d+)$/gm)]
    .filter(([, result = '']) => REASONS.includes(result))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
