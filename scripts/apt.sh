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
