#!/usr/bin/env bash
# Runs the conformance kit on this adapter from a source checkout. What the adapter needs of
# Tracekeep is installed into a folder of its own; your local repository is read and not written.
#
#   ./run-kit.sh [more arguments for Maven]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
repository=$here/target/repository
maven=("$root/mvnw" -q -B "-Dmaven.repo.local=$repository" "-Dmaven.repo.local.tail=${MAVEN_REPOSITORY:-$HOME/.m2/repository}")

mkdir -p "$repository"
"${maven[@]}" -f "$root/pom.xml" -pl core,jdbc-support,conformance-tests -am \
  -DskipTests -Dspotless.check.skip=true install
"${maven[@]}" -f "$here/pom.xml" verify "$@"
echo "The kit has passed: $here/target/conformance/h2-file.json"
