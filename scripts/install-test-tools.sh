#!/usr/bin/env bash
# Installs, from Debian, the programs that the tests drive: a balancer, a stock SP, XML checkers, a browser.
# Only as root with apt-get at hand; otherwise it says what is missing and changes nothing. It never starts a service,
# and never fails: a test whose tool is missing skips by name (and fails by name where CI=true).
# What is only needed as one program (kustomize, promtool) goes to .test-tools/, and needs no root.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 0
tools=$PWD/.test-tools

# Renders k8s/. Any kubectl with a kustomize that knows components (1.21) will do; Debian's is older.
install_kustomize() {
  for kustomize in "$tools/kustomize build" "kustomize build" "kubectl kustomize"; do
    $kustomize k8s/overlays/dev >/dev/null 2>&1 && return
  done
  if command -v go >/dev/null; then
    echo "Building kustomize" >&2
    GOBIN=$tools timeout 900 go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.0 >/dev/null 2>&1 && return
  fi
  echo "No kustomize: neither a kubectl with one nor go to build it. Tests that render k8s/ say so." >&2
}

# Tries alert rules. Taken out of Debian's package, so that no Prometheus is installed or started.
install_promtool() {
  [ -x "$tools/promtool" ] || command -v promtool >/dev/null && return
  local folder
  folder=$(mktemp -d)
  if command -v apt-get >/dev/null && (
    cd "$folder" || exit 1
    timeout 300 apt-get download -qq prometheus >/dev/null 2>&1 ||
      { timeout 180 apt-get update -qq && timeout 300 apt-get download -qq prometheus; } >/dev/null 2>&1 || exit 1
    dpkg-deb -x ./*.deb .
  ); then
    mkdir -p "$tools" && cp "$folder/usr/bin/promtool" "$tools/promtool"
  else
    echo "No promtool: Debian's package prometheus could not be had. Tests of alert rules say so." >&2
  fi
  rm -rf "$folder"
}

install_kustomize

# package:file that shows that it is there
wanted=(
  haproxy:/usr/sbin/haproxy
  xmlsec1:/usr/bin/xmlsec1
  libxml2-utils:/usr/bin/xmllint
  opensaml-schemas:/usr/share/xml/opensaml/saml-schema-protocol-2.0.xsd
  xmltooling-schemas:/usr/share/xml/xmltooling/xmldsig-core-schema.xsd
  apache2:/usr/sbin/apache2
  libapache2-mod-auth-mellon:/usr/lib/apache2/modules/mod_auth_mellon.so
  libapache2-mod-auth-cas:/usr/lib/apache2/modules/mod_auth_cas.so
  libapache2-mod-auth-openidc:/usr/lib/apache2/modules/mod_auth_openidc.so
  chromium:/usr/bin/chromium
  openssl:/usr/bin/openssl
  slapd:/usr/sbin/slapd
  postgresql:/usr/bin/pg_ctlcluster
  python3:/usr/bin/python3
  python3-cryptography:/usr/lib/python3/dist-packages/cryptography
  buildah:/usr/bin/buildah
  debootstrap:/usr/sbin/debootstrap
  iproute2:/sbin/ip
)

missing=()
for entry in "${wanted[@]}"; do
  [ -e "${entry#*:}" ] || missing+=("${entry%%:*}")
done
if [ "${#missing[@]}" -eq 0 ]; then
  install_promtool
  exit 0
fi

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed, and this is not root on Debian: ${missing[*]}. Tests that need them say so." >&2
  install_promtool
  exit 0
fi

# Debian starts a daemon when it installs one, unless policy-rc.d answers 101. A policy that is already there is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

install_missing() {
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive timeout 600 \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" >/dev/null
}

echo "Installing what the tests need: ${missing[*]}" >&2
timeout 180 apt-get update -qq -o DPkg::Lock::Timeout=120 || echo "apt-get update failed; trying what is known already." >&2
if ! install_missing "${missing[@]}"; then
  # One package that cannot be had must not keep the others away.
  for package in "${missing[@]}"; do
    install_missing "$package" || echo "Could not install $package; tests that need it say so." >&2
  done
fi
install_promtool
exit 0
