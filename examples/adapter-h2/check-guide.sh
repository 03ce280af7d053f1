#!/usr/bin/env bash
# Compares the files in docs/writing-an-adapter.md with the files here; with --write, puts these into the guide.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
guide=$here/../../docs/writing-an-adapter.md
should=$here/target/guide.md

mkdir -p "$here/target"
# A file of the guide is a line of nothing but `its/path`: followed by a fenced block.
awk -v root="$here" '
  /^`[^` ]+`:$/ { path = root "/" substr($0, 2, length($0) - 3); print; next }
  /^```/ && path != "" {
    print
    if (open) { path = ""; open = 0; next }
    open = 1
    if ((getline line < path) <= 0) { print "There is no " path > "/dev/stderr"; exit 1 }
    do print line; while ((getline line < path) > 0)
    close(path)
    next
  }
  !open { print }
' "$guide" >"$should"

if [ "${1-}" = --write ]; then
  cp "$should" "$guide"
elif ! diff "$guide" "$should"; then
  echo "The guide (<) shows other files than the example has (>). If the example is right: $0 --write" >&2
  exit 1
fi
# A file that the guide does not show would be missed by whoever follows it.
(cd "$here" && find src pom.xml -type f) | while read -r file; do
  grep -qxF "\`$file\`:" "$guide" || { echo "The guide does not show $file." >&2; exit 1; }
done
echo "The guide and the example are the same."
