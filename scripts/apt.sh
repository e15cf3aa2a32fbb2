# shellcheck shell=bash
# Sourced by scripts that use apt, after lib.sh: the machine's own Debian sources, with other suites.

# The distribution's code name: bookworm, trixie...
debian_codename() { (. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}") || true; }

# derived_source SUITE: prints an apt source for that suite: the first Debian source that names the base suite, with the
# suite replaced. Mirror, key and options stay those that the machine's owner chose. Fails if there is none.
derived_source() {
  local suite=$1 codename dir=/etc/apt/sources.list.d file new
  codename=$(debian_codename)
  for file in "$dir"/*.sources; do
    [ -r "$file" ] || continue
    new=$(awk -v base_suite="$codename" -v suite="$suite" '
      BEGIN { RS = ""; FS = "\n" }
      {
        base = 0; binary = 0; off = 0; text = ""
        for (i = 1; i <= NF; i++) {
          line = $i; key = tolower(line); sub(/:.*/, "", key)
          if (line ~ /^#/) continue
          if (key == "types" && line ~ /[: \t]deb([ \t]|$)/) binary = 1
          if (key == "enabled" && tolower(line) ~ /no[ \t]*$/) off = 1
          if (key == "suites") {
            n = split(substr(line, 8), suites, /[ \t]+/)
            for (j = 1; j <= n; j++) if (suites[j] ~ "^(" base_suite "|stable|oldstable)$") base = 1
            line = "Suites: " suite
          }
          text = text line "\n"
        }
        if (base && binary && !off) { printf "%s", text; exit }
      }' "$file")
    if [ -n "$new" ]; then
      printf '%s\n' "$new"
      return
    fi
  done
  for file in /etc/apt/sources.list "$dir"/*.list; do
    [ -r "$file" ] || continue
    new=$(sed -nE "s/^[[:space:]]*(deb[[:space:]]+(\[[^]]*\][[:space:]]*)?[^[:space:]]+[[:space:]]+)($codename|stable|oldstable)\/?([[:space:]].*)$/\1$suite\4/p" \
      "$file" | head -n 1)
    if [ -n "$new" ]; then
      printf '%s\n' "$new"
      return
    fi
  done
  return 1
}

# source_file NAME SOURCE: what a file with that source must be called for apt to understand it.
source_file() {
  case $2 in
    deb[[:space:]]*) printf '%s.list\n' "$1" ;;
    *) printf '%s.sources\n' "$1" ;;
  esac
}

# add_suites DIR SUITE...: makes DIR a place for apt_in, with the lists of these suites; the machine's own stay as they are.
add_suites() {
  local directory=$1 suite source
  shift
  mkdir -p "$directory"/{lists/partial,cache/archives/partial,sources}
  : >"$directory/status"
  for suite; do
    if ! source=$(derived_source "$suite"); then
      echo "found no Debian source in /etc/apt to derive $suite from"
      return 1
    fi
    printf '%s\n' "$source" >"$directory/sources/$(source_file "$suite" "$source")"
  done
  apt_in "$directory" apt-get update
}

# apt_in DIR PROGRAM ARGUMENT...: a program of apt that knows those suites alone, and nothing that is installed.
apt_in() {
  local directory program=$2
  directory=$(realpath "$1")
  shift 2
  "$program" -q -o Dir::State="$directory" -o Dir::State::Status="$directory/status" -o Dir::Cache="$directory/cache" \
    -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$directory/sources" -o APT::Sandbox::User= \
    -o Acquire::Retries=3 -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}
