#!/usr/bin/env bash
# Takes the files out of docs/writing-an-adapter.md and compares them with the files here.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
guide=$here/../../docs/writing-an-adapter.md
taken=$here/target/guide

rm -rf "$taken"
mkdir -p "$taken"
# A file is a line of nothing but `its/path`: followed by a fenced block.
awk -v root="$taken" '
  /^`[^` ]+`:$/ { path = root "/" substr($0, 2, length($0) - 3); next }
  /^```/ && path != "" {
    if (open) { close(path); path = ""; open = 0 }
    else { folder = path; sub("/[^/]*$", "", folder); system("mkdir -p \"" folder "\""); open = 1 }
    next
  }
  open { print > path }
' "$guide"

diff -r "$taken/src" "$here/src"
diff "$taken/pom.xml" "$here/pom.xml"
echo "The guide and the example are the same."
