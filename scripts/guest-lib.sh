# shellcheck shell=bash
# Sourced by prepare.sh and boot.sh of guest and uml, after lib.sh: the programs of a guest, and the one script that it
# runs. guest-session.sh is the other half, in the guest.

# add_program ROOT NAME: the host's program with its libraries.
add_program() {
  local root=$1 program file
  program=$(command -v "$2")
  for file in "$program" $(ldd "$program" | grep -o '/[^ ]*'); do
    mkdir -p "$root${file%/*}"
    cp -L "$file" "$root$file"
  done
}

# add_userland ROOT SCRIPTS INIT: busybox, aplay, arecord and script (a terminal for what wants keys) of the host, and as
# first program INIT with the session.
add_userland() {
  local root=$1 name
  mkdir -p "$root"/{bin,ctl,dev,etc,proc,root,share,sys,tmp,usr/share}
  cp "$3" "$root/init"
  cp "$2/guest-session.sh" "$root/session.sh"
  chmod 755 "$root/init"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in $(busybox --list | grep -vx busybox); do ln -sf busybox "$root/bin/$name"; done
  for name in aplay script; do
    add_program "$root" "$name"
    ln -sf "$(command -v "$name")" "$root/bin/$name"
  done
  ln -sf aplay "$root/bin/arecord"
  cp -RL /usr/share/alsa "$root/usr/share/"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  printf 'root:x:0:\naudio:x:29:\n' >"$root/etc/group"
}

usage_error() {
  warn "$1"
  usage >&2
  exit 2
}

# make_session SCRIPT CARDS REBOOTS: makes the private directory $work, with what the guest is to find in $work/ctl,
# and cleans up at the end of this shell.
make_session() {
  work=$(mktemp -d)
  machine=''
  trap 'if [ -n "$machine" ]; then kill "$machine" && wait "$machine"; fi 2>/dev/null; rm -rf "$work"' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  trap 'exit 129' HUP
  mkdir "$work/ctl"
  cp "$1" "$work/ctl/script"
  : >"$work/ctl/output"
  echo 0 >"$work/ctl/boots"
  echo "$2" >"$work/ctl/cards"
  echo "$3" >"$work/ctl/reboots"
}

# last_words CONSOLE: what the kernel said from its first fault on, or else its last lines. (Its command line has a word
# panic of its own.)
last_words() {
  awk '
    /Kernel command line/ { next }
    /panic|Oops|BUG:|WARNING:|Kernel mode fault/ { found = 1 }
    found && lines++ <= 40
    END { exit !found }
  ' "$1" || tail -n 20 "$1"
}

# run_session NAME LIMIT OUTPUT CONSOLE COMMAND...: boots the guest with the command, whose output goes to the file
# OUTPUT, shows what the script prints and ends this shell with the script's status. CONSOLE has the kernel's messages.
run_session() {
  local name=$1 limit=$2 output=$3 console=$4 reader status=0
  shift 4
  # setpriv: the machine ends however this script ends.
  setpriv --pdeathsig TERM timeout --foreground -k 5 "$limit" setpriv --pdeathsig KILL \
    "$@" </dev/null >"$output" 2>&1 &
  machine=$!
  # The script writes to a file on the host, write by write: no console that drops characters, no kernel message in it.
  tail -c +1 -s 0.05 -f --pid="$machine" "$work/ctl/output" &
  reader=$!
  wait "$machine" || status=$?
  machine=''
  wait "$reader" || true

  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    warn "the guest was killed after $limit s"
    exit 124
  fi
  if [ "$status" -eq 0 ] && [ -s "$work/ctl/status" ] && [ ! -e "$work/ctl/running" ]; then
    if [ "$output" != "$console" ]; then cat "$output" >&2; fi
    exit "$(cat "$work/ctl/status")"
  fi
  if [ -e "$work/ctl/running" ]; then
    warn "the guest died in the script (boot $(cat "$work/ctl/boots")); $name ended with status $status"
  else
    warn "the guest did not start the script; $name ended with status $status"
  fi
  if [ "$output" != "$console" ]; then cat "$output" >&2; fi
  last_words "$console" 2>/dev/null | sed 's/^/  kernel: /' >&2 || true
  exit 125
}
