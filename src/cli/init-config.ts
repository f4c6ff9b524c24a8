// Owns: the text of a new signet.yaml: every setting that people change, with its default and its meaning.

/** Where the people of a new folder are kept. */
export type InitDirectory = 'sql' | 'yaml';

/** Behind https there is a proxy. Without one browsers come to the node itself, so it listens where they look for it. */
function listenerFor(publicUrl: string): string {
  const { protocol, hostname, port } = new URL(publicUrl);
  if (protocol === 'https:') return '127.0.0.1:8080';
  const address = `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port === '' ? '80' : port}`;
  // A bracket begins a list in YAML.
  return address.startsWith('[') ? `"${address}"` : address;
}

/** A setting that is commented out shows its default. */
export function configText(publicUrl: string, fingerprint: string, directory: InitDirectory): string {
  const listen = listenerFor(publicUrl);
  return `# Signet's configuration. \`signet check --config THIS-FILE\` tells everything that is wrong with it.
# Times are in seconds. Relative paths start at this file. Every setting can also come from the environment:
# session.idle is SIGNET_SESSION_IDLE. Further files can be named with \`include: [FILE]\`; what stands here wins.

# The address that browsers use. https, or plain http on localhost, 127.0.0.1 or [::1] for a trial.
publicUrl: ${publicUrl}

# The name of this identity provider. Service providers and the keyring know it: changing it is starting over.
# entityId: ${publicUrl}/saml/idp/metadata

# Where this node listens. The management listener (health, readiness, metrics) must not be reachable from outside.
listen: ${listen}
management: 127.0.0.1:9090

# Proxies whose X-Forwarded-For and X-Request-Id are believed: addresses or CIDR blocks.
trustedProxies: [127.0.0.1, "::1"]

# How far clocks may be apart.
# skew: 60

keyring:
  file: keys/sealer.json
  # The least serial that is believed: a restored old file must not win. \`signet keys\` prints it.
  # minSerial: 0
  # poll: 10

# Encrypts in the database what people have enrolled. It is not the keyring above: that one may be replaced at any time.
dataKeyring:
  file: keys/data.json
  # minSerial: 0
  # poll: 10

# The secret that people's persistent names come from. It never changes: with another one everybody is somebody else
# to every service provider. The fingerprint makes an accidental change a configuration error.
stableSecret:
  file: keys/pairwise.json
  fingerprint: "${fingerprint}"

session:
  # Without use for this long, a session ends.
  # idle: 3600
  # Whatever happens, it ends this long after sign-in.
  # absolute: 43200

# Where people come from, in the order in which they are believed: a name that two of them have lets nobody in.
# Active Directory and other LDAP servers: docs/operations.md, Directories.
directories:
${directory === 'sql' ? '  - kind: sql' : '  - kind: yaml\n    file: users.yaml\n    # poll: 5'}

# What nodes must know in common: what was used once, what was ended, what people have enrolled, people themselves.
# Nodes on one machine share a SQLite file; on several: postgres://USER@HOST/NAME, and the password in the variable
# SIGNET_DATABASE_PASSWORD (docs/database.md). Without a database there are passwords only, and each node counts alone.
database:
  ${directory === 'sql' ? '' : '# '}url: sqlite:data/signet.db
  # ca: database-ca.pem
  # poolSize: 10
  # connectTimeout: 2
  # statementTimeout: 5

# How long what a database or LDAP server said of a person is used without asking again, and while it is down.
accountCache:
  # period: 300
  # stale: 3600

cluster:
  # Divides what each node lets through by itself: wrong passwords of an address, and without a database of an account.
  # expectedNodes: 1

password:
  # What new password hashes cost; a hash that exists keeps the cost it was made with. memory is in KiB.
  # argon2: { memory: 65536, time: 3, parallelism: 4 }
  # Processes that hash, and logins that may wait for one. More are told to come back.
  # workers: 1
  # queue: 64

throttle:
  # Per node. Failures before an account, or an address, has to wait; at most maxDelay at a time.
  # accountFailures: 5
  # addressFailures: 50
  # maxDelay: 60
  # window: 900

saml:
  signing:
    # Keys and certificates; \`signet signing-keys\` rolls them over, and nodes follow without a restart.
    # A passphrase of encrypted keys comes from SIGNET_SAML_SIGNING_PASSPHRASE only.
    folder: keys/saml-signing
    # poll: 10
  # How long service providers may go on with metadata that they have read. A new key signs no sooner.
  # metadataRefresh: 86400
  # wantAuthnRequestsSigned: false
  # false moves /saml/idp/metadata to the management listener.
  # publicMetadata: true
  # signMetadata: false
  # scopes: [example.org]
  # errorUrl: https://help.example.org/sign-in

oidc:
  signing:
    # A passphrase of encrypted keys comes from SIGNET_OIDC_SIGNING_PASSPHRASE only.
    folder: keys/oidc-signing
    # poll: 10
  # How long clients may go on with keys that they have read. A new key signs no sooner.
  # keysRefresh: 86400

# Service providers: metadata as *.xml, settings as *.yaml beside it (docs/parties.md).
parties:
  folder: parties
  # poll: 5

revocations:
  # Read instead of the database where there is none.
  ${directory === 'sql' ? '# ' : ''}file: revocations.yaml
  # poll: 5
  # What happens when they have not been readable for staleAfter seconds: open, reauth or closed.
  # staleAfter: 300
  # failMode: reauth

log:
  # error, warn, info, debug
  level: info

audit:
  # One JSON line for each sign-in, failure and sign-out: a file, or - for standard output.
  file: "-"

shutdown:
  # After SIGTERM: not ready yet still listening, until the balancer has noticed; then how long requests may take.
  # lead: 2
  # drain: 30
`;
}
