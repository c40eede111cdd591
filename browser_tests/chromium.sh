#!/bin/sh
# Sees to it that there is a Chromium for the browser tests: one that is there, or else Debian's.
set -eu

if [ -n "${SNELLEN_CHROMIUM:-}" ]; then
  command -v "$SNELLEN_CHROMIUM" >/dev/null && exit 0
  echo "SNELLEN_CHROMIUM=$SNELLEN_CHROMIUM is no program; name the Chromium that the browser tests shall use" >&2
  exit 3
fi
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done

missing() {
  echo "the browser tests need Chromium: install it (Debian: apt-get install chromium) or name one in SNELLEN_CHROMIUM" >&2
  exit 3
}

as_root=
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || missing
  as_root="sudo -n"
fi
command -v apt-get >/dev/null || missing
install() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends chromium
}
install || { $as_root apt-get update --quiet --quiet && install; } || missing
