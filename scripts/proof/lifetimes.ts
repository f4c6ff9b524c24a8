// Owns: the times of the proof on real nodes, in seconds, and what follows from them for commands and nodes.

/** Everything in seconds, and as short as two shared cores allow. */
export const LIFETIMES = {
  propagation: 10,
  poll: 1,
  skew: 1,
  grace: 2,
  absolute: 12,
  idle: 8,
  metadataRefresh: 3,
  assertion: 5,
} as const;
export const CLOCKS = [-0.5, 0, 0.5] as const;

/** Options of the commands that change the ring. */
export const TIMING = [
  '--every',
  '60s',
  '--grace',
  `${LIFETIMES.grace}s`,
  '--longest-lifetime',
  `${LIFETIMES.absolute}s`,
];
/** What copies of signing keys need, and a node's look; in seconds. */
export const SIGNING_PROPAGATION = 5;

/** When a changed file is at each node, after it was written: each at another moment. */
export const DELAYS_MS = [200, 1500, 2800] as const;

/** For nodes and commands. */
export const ENVIRONMENT = {
  SIGNET_SKEW: String(LIFETIMES.skew),
  SIGNET_KEYRING_POLL: String(LIFETIMES.poll),
  SIGNET_SAML_SIGNING_POLL: String(LIFETIMES.poll),
  SIGNET_SAML_METADATA_REFRESH: String(LIFETIMES.metadataRefresh),
  SIGNET_SAML_ASSERTION_LIFETIME: String(LIFETIMES.assertion),
  SIGNET_SESSION_ABSOLUTE: String(LIFETIMES.absolute),
  SIGNET_SESSION_IDLE: String(LIFETIMES.idle),
  // Small hashes: what is proved here is not the price of a password.
  SIGNET_PASSWORD_ARGON2_MEMORY: '1024',
  SIGNET_PASSWORD_ARGON2_TIME: '1',
  SIGNET_PASSWORD_ARGON2_PARALLELISM: '1',
  SIGNET_PASSWORD_WORKERS: '1',
};
