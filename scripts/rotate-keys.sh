#!/bin/sh
# The job that keeps the keyring young where there is no Kubernetes: rotate when due, prune, bring the file to every
# node, ask every node whether it has it. For cron, once an hour; see "Rotating by cron" in docs/operations.md.
# Everything is repeated safely: a copy that failed is made again by the next run, long before the new key begins.
#
# Nodes on one shared folder: leave out --node. Nodes with copies: exactly one machine runs this job.
set -u

usage() {
  cat >&2 <<'END'
usage: rotate-keys.sh --config FILE --file FILE [options] [-- OPTIONS OF signet keys rotate]
  --config FILE       the configuration of a node: skew, poll, session lifetime, entityID, minSerial
  --file FILE         the keyring; it has the same path on every node
  --node NAME         a node to copy the file to, as ssh knows it (user@host); repeat for each
  --copy PROGRAM      copies instead of ssh: PROGRAM NAME FILE; it must replace the file whole
  --endpoints LIST    every node's management listener, HOST:PORT,HOST:PORT; asked at the end
  --wait TIME         how long nodes may take to read the file (2m)
  --tries N           how often a copy is tried (3)
  --pause SECONDS     between two tries (20)
  --signet PROGRAM    the command line (bin/signet of this clone)
exit: 0 done; 1 an error, or a copy failed; 2 refused by an invariant; 3 nodes disagree. Failures are on standard error.
END
  exit 1
}

fail() {
  echo "rotate-keys: $*" >&2
  exit 1
}

config= file= nodes= endpoints=
copy=copy_by_ssh wait=2m tries=3 pause=20
signet=$(dirname "$0")/../bin/signet

while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    --config | --file | --node | --copy | --endpoints | --wait | --tries | --pause | --signet)
      [ $# -ge 2 ] || usage
      case $1 in
        --config) config=$2 ;;
        --file) file=$2 ;;
        --node) nodes="$nodes $2" ;;
        --copy) copy=$2 ;;
        --endpoints) endpoints=$2 ;;
        --wait) wait=$2 ;;
        --tries) tries=$2 ;;
        --pause) pause=$2 ;;
        --signet) signet=$2 ;;
      esac
      shift 2 ;;
    *) usage ;;
  esac
done
[ -n "$config" ] && [ -n "$file" ] || usage
case $file in
  *\'*) fail "a file name with ' in it cannot be given to other machines" ;;
esac
case $nodes in
  *[!A-Za-z0-9@._:\ -]* | *\ -*) fail "a node is a name that ssh knows, found:$nodes" ;;
esac

# The worst that has happened so far; later steps are tried all the same, since they heal what an earlier run left.
status=0
worse() {
  [ "$1" -le "$status" ] || status=$1
}

# NODE FILE: under a new name, readable by its owner only, and renamed only when all of it has arrived.
copy_by_ssh() {
  size=$(wc -c <"$2") || return 1
  ssh -o BatchMode=yes -o ConnectTimeout=10 "$1" \
    "umask 077 && cat >'$2.new' && [ \"\$(wc -c <'$2.new')\" -eq $size ] && mv -f '$2.new' '$2'" <"$2"
}

copied() {
  try=1
  until "$copy" "$1" "$file"; do
    [ "$try" -lt "$tries" ] || return 1
    try=$((try + 1))
    sleep "$pause"
  done
}

# Three hours until the new key begins: two more runs of an hourly job may fail, and nobody notices.
"$signet" keys rotate --config "$config" --file "$file" --if-due 1d --activate-in 3h "$@" || worse $?
"$signet" keys prune --config "$config" --file "$file" || worse $?

for node in $nodes; do
  if copied "$node"; then
    echo "copied to $node"
  else
    echo "rotate-keys: $file could not be copied to $node" >&2
    worse 1
  fi
done

if [ -n "$endpoints" ]; then
  "$signet" keys verify --config "$config" --file "$file" --endpoints "$endpoints" --wait "$wait" || worse $?
fi
exit "$status"
