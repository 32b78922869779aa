#!/bin/sh
# Gathers what the runtime image holds into rootfs/: a Bun binary and the shared libraries it is linked with.
# Usage: collect.sh BUN [DIRECTORY]
set -eu
bun=$1
rootfs=${2:-$(dirname "$0")/rootfs}
rm -rf "$rootfs"
mkdir -p "$rootfs/usr/local/bin"
cp --reflink=auto "$bun" "$rootfs/usr/local/bin/bun"
# ldd prints "name => path (address)" and, for the loader, "path (address)".
for library in $(ldd "$bun" | grep -o '/[^ ]*'); do
  mkdir -p "$rootfs$(dirname "$library")"
  cp -L "$library" "$rootfs$library"
done
