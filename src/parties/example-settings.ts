// Owns: the commented example of a party's settings that `signet init` writes. A test reads it with every line in force.

/** Written as `parties/example.yaml.txt`, a name that nobody reads as settings. */
export const EXAMPLE_PARTY_SETTINGS = `# Settings for one service provider. Copy to the name of its metadata: wiki.xml has its settings in wiki.yaml.
# Every line is optional; without the file the defaults below hold. Nodes notice a change within seconds.

# Shown on the login page; otherwise the name in the metadata.
#displayName: Wiki

# What people read on the way to it (en, de) where their browser asks for no language that there is; otherwise English.
#language: de

# How people are named to it when a request does not say: transient, persistent, emailAddress or unspecified.
# Otherwise the first NameIDFormat of its metadata that Signet makes, else transient.
# \`attribute\` says where emailAddress and unspecified come from (mail, when nothing is said).
#nameId:
#  format: emailAddress
#  attribute: mail

# What it is told, and nothing else. Without this list: what its metadata requests, of displayName, givenName, sn, mail,
# eduPersonPrincipalName, eduPersonScopedAffiliation, subject-id and pairwise-id.
#attributes:
#  - mail
#  - displayName
#  - name: eduPersonEntitlement   # what it is called there
#    from: entitlements           # what the directory calls it
#    values: [urn:example:admin]  # only these values

# Ask people before it is told about them (ask), or not: never, the organisation decides by registering it. They are asked
# again when what it is told changes, or termsVersion does. The addresses are links on the page, https.
#consent: ask
#termsVersion: "2026-01"
#tosUri: https://wiki.example.org/terms
#policyUri: https://wiki.example.org/privacy

# Write xsi:type="xs:string" on attribute values.
#attributeTypes: false

# Sign the assertion too, inside the signed response; otherwise as WantAssertionsSigned in the metadata.
#signAssertions: true

# rsa-sha256, rsa-sha384, rsa-sha512, ecdsa-sha256, ecdsa-sha384 or ecdsa-sha512 (the last three need an EC key).
#signatureAlgorithm: rsa-sha256

# when-possible: if the metadata has an encryption certificate. required: otherwise it is not served. never.
# content: aes256-gcm, aes128-gcm or aes256-cbc. keyTransport: rsa-oaep-mgf1p, rsa-oaep-mgf1p-sha256 or rsa-oaep-sha256.
#encryption:
#  use: when-possible
#  content: aes256-gcm
#  keyTransport: rsa-oaep-mgf1p

# Refuse its requests without a signature, also when its metadata does not say AuthnRequestsSigned.
#requireSignedRequests: false

# Sign-ins that start here. A RelayState must stand in this list, character by character.
#idpInitiated:
#  allowed: true
#  relayStates: [https://wiki.example.org/start]

# The least that it accepts, whatever it asks for; more for members of some groups.
#assurance:
#  floor: aal1
#  byGroup:
#    admins: aal2
#  graceUntil: 2027-01-31T00:00:00Z   # until then people without a second factor are let in, and reminded to enrol one

# Seconds after which it should ask again (SessionNotOnOrAfter); never beyond the end of the session.
#sessionLifetime: 28800
`;
