#!/usr/bin/env bash
# Runs a TypeScript entry under the Node 24 of the lockfile, whatever Node the machine has:
# the sources run as they are, and an older Node would fail late and strangely.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) echo "GetSchwifty runs on x86_64 and arm64 Linux; this is $(uname -m)." >&2; exit 1 ;;
esac
node="$root/node_modules/node-linux-$arch/bin/node"
if [ ! -x "$node" ]; then
  echo "Node 24 is missing at node_modules/node-linux-$arch: run 'npm ci' (with optional dependencies) first." >&2
  exit 1
fi
# Types are taken out of the sources once, not at each start: `schwifty` answers in half the time.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/node_modules/.cache/node}"
export PATH="${node%/*}:$root/node_modules/.bin:$PATH"
entry=$1
shift
exec "$node" --disable-warning=ExperimentalWarning "$root/$entry" "$@"
