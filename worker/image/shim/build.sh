#!/bin/sh
# The shim by Debian's own Go: static, of the standard library alone. Run once, in a stage of the Dockerfile above.
set -eu
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends golang-go
cd /shim
export CGO_ENABLED=0 GOCACHE=/tmp/go-cache GOPATH=/tmp/go GOTOOLCHAIN=local
go build -trimpath -ldflags '-s -w' -o shim .
