# Runs in the guest: plays periods of 10 ms of silence, some to warm up and then PERIODS, and tells what these took.
# "begin" and "end" let the host look at its own side; the pauses give it time for that.
silence() { dd if=/dev/zero of=/tmp/silence bs=1920 count="$1" 2>/dev/null; }
play() {
  aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 --period-size=480 --buffer-size=1920 /tmp/silence
}
look() {
  read -r now rest </proc/uptime
  read -r cpu user nice system idle iowait irq softirq rest </proc/stat
  switches=$(sed -n 's/^ctxt //p' /proc/stat)
  echo "$1 $now $((user + nice + system + irq + softirq)) $switches"
}
silence 50
play
silence PERIODS
sleep 0.5
look begin
sleep 0.5
look start
play
look stop
sleep 0.5
look end
