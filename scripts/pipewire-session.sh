#!/usr/bin/env bash
# Runs a command inside a private PipeWire: own bus, own runtime directory, no hardware, one null sink.
# shellcheck disable=SC2317 # checks and traps are called by name
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"

usage() {
  cat <<'END'
Usage: scripts/pipewire-session.sh [option...] COMMAND [ARGUMENT...]

Starts dbus-daemon, pipewire and wireplumber in a directory of their own, with the null sink "test-sink" (its monitor
gives what is played into it), waits until that is usable, runs the command, ends with its status and leaves nothing
behind. Neither the user's own PipeWire nor any sound card is touched.

  --rate HZ        rate of the graph's clock and of the sink (default 48000)
  --channels N     channels of the sink: 1, 2, 4, 6 or 8 (default 2)
  --quantum N      frames of every cycle of the graph (default: PipeWire's own choice); on a busy machine programs
                   without realtime priority miss cycles that are short, and recordings have gaps
  --wireplumber FILE
                   more configuration for WirePlumber
  --format FORMAT  sample format of the sink, such as S16LE, S32LE, F32LE (default: PipeWire's own choice)

The command finds XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS set, and in VHOST4J_PIPEWIRE_CONTROL a program:
  "$VHOST4J_PIPEWIRE_CONTROL" restart   kills PipeWire without notice, starts it again, waits until it is usable
  "$VHOST4J_PIPEWIRE_CONTROL" stop      only kills it
  "$VHOST4J_PIPEWIRE_CONTROL" start     only starts it and waits
  "$VHOST4J_PIPEWIRE_CONTROL" log       prints what PipeWire and WirePlumber logged
END
}

# Everything below works on the session in $dir, from the session's own shell and from the control program alike.

# wait_for WHAT CHECK...: polls the check for up to 15 s, then prints the logs to stderr and fails.
wait_for() {
  local what=$1 deadline=$((SECONDS + 15))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      warn "$what after 15 s; the logs:"
      tail -n 20 "$dir"/*.log >&2
      return 1
    fi
    sleep 0.03
  done
}

pipewire_answers() { pw-cli info 0 >/dev/null 2>&1; }

# Ports are there once WirePlumber has configured the sink; the default is set once it would choose it for a client.
sink_is_usable() {
  local ports default
  ports=$(pw-link -io 2>/dev/null) && default=$(pw-metadata -n default 0 default.audio.sink 2>/dev/null) || return 1
  [[ $ports == *test-sink:playback_* && $ports == *test-sink:monitor_* && $default == *test-sink* ]]
}

# The daemons must not see the user's configuration and state, nor hold the command's stdout open.
start_daemon() {
  XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state HOME=$dir setsid "$1" </dev/null >>"$dir/$1.log" 2>&1 &
  echo $! >"$dir/$1.pid"
  disown
}

start_daemons() {
  start_daemon pipewire
  # WirePlumber gives up at once where nobody answers.
  wait_for "PipeWire does not answer" pipewire_answers
  start_daemon wireplumber
  wait_for "WirePlumber has not made the test sink usable" sink_is_usable
}

# SIGKILL: clients are to see a crash, the harshest case. The lock file and the socket stay behind, as in a crash.
stop_daemons() {
  local name pid
  for name in pipewire wireplumber; do
    [ -s "$dir/$name.pid" ] || continue
    pid=$(cat "$dir/$name.pid")
    kill -9 "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [ "$(ps -o stat= -p "$pid" 2>/dev/null | cut -c 1)" != Z ]; do sleep 0.02; done
    rm -f "$dir/$name.pid"
  done
}

if [ "${1:-}" = --control ]; then
  dir=$2
  case ${3:-} in
    restart)
      stop_daemons
      start_daemons
      ;;
    stop) stop_daemons ;;
    start) start_daemons ;;
    log) cat "$dir"/*.log ;;
    *)
      warn "control takes restart, stop, start or log"
      exit 2
      ;;
  esac
  exit
fi

rate=48000 channels=2 format='' quantum='' wireplumber=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --rate | --channels | --format | --quantum | --wireplumber)
      if [ $# -lt 2 ]; then
        warn "$1 needs a value"
        exit 2
      fi
      declare "${1#--}=$2"
      shift 2
      ;;
    --)
      shift
      break
      ;;
    -*)
      warn "unknown option $1"
      usage >&2
      exit 2
      ;;
    *) break ;;
  esac
done
case $channels in
  1) position='MONO' ;;
  2) position='FL FR' ;;
  4) position='FL FR RL RR' ;;
  6) position='FL FR FC LFE RL RR' ;;
  8) position='FL FR FC LFE RL RR SL SR' ;;
  *)
    warn "--channels takes 1, 2, 4, 6 or 8"
    exit 2
    ;;
esac
if [ $# -eq 0 ]; then
  usage >&2
  exit 2
fi
for program in dbus-daemon pipewire wireplumber pw-link pw-metadata; do
  command -v "$program" >/dev/null || die "no $program; $here/install-deps.sh test installs it"
done

dir=$(mktemp -d)
command='' bus=''
end_session() {
  trap '' TERM INT HUP
  if [ -n "$command" ]; then
    kill "$command" 2>/dev/null || true
    wait "$command" || true
  fi
  stop_daemons
  if [ -n "$bus" ]; then kill "$bus" && wait "$bus"; fi
  rm -rf "$dir"
} 2>/dev/null
trap end_session EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP

mkdir -p "$dir/run" "$dir/state" "$dir"/config/{pipewire/pipewire.conf.d,wireplumber/wireplumber.conf.d}
chmod 700 "$dir/run"
cat >"$dir/config/pipewire/pipewire.conf.d/vhost4j.conf" <<END
context.properties = {
  default.clock.rate = $rate
  default.clock.allowed-rates = [ $rate ]
  ${quantum:+default.clock.quantum = $quantum}
  ${quantum:+default.clock.min-quantum = $quantum}
  ${quantum:+default.clock.max-quantum = $quantum}
}
# Part of the configuration, so that it is there again after a restart.
context.objects = [
  { factory = adapter
    args = {
      factory.name = support.null-audio-sink
      node.name = test-sink
      media.class = Audio/Sink
      object.linger = true
      audio.rate = $rate
      audio.position = [ $position ]
      ${format:+audio.format = $format}
    }
  }
]
END
cat >"$dir/config/wireplumber/wireplumber.conf.d/vhost4j.conf" <<END
wireplumber.profiles = {
  main = {
    hardware.audio = disabled
    hardware.bluetooth = disabled
    hardware.video-capture = disabled
  }
}
END
if [ -n "$wireplumber" ]; then cp "$wireplumber" "$dir/config/wireplumber/wireplumber.conf.d/"; fi
cat >"$dir/control" <<END
#!/bin/sh
exec "$here/pipewire-session.sh" --control "$dir" "\$@"
END
chmod 755 "$dir/control"

export XDG_RUNTIME_DIR=$dir/run DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/run/bus VHOST4J_PIPEWIRE_CONTROL=$dir/control
unset PIPEWIRE_RUNTIME_DIR PIPEWIRE_REMOTE PULSE_SERVER DISPLAY WAYLAND_DISPLAY
setpriv --pdeathsig TERM dbus-daemon --session --nofork --nopidfile --address="$DBUS_SESSION_BUS_ADDRESS" \
  </dev/null >"$dir/dbus.log" 2>&1 &
bus=$!
while [ ! -S "$dir/run/bus" ]; do
  kill -0 "$bus" 2>/dev/null || die "dbus-daemon ended: $(tail -n 1 "$dir/dbus.log")"
  sleep 0.02
done
start_daemons

"$@" <&0 &
command=$!
status=0
wait "$command" || status=$?
command=''
exit "$status"
