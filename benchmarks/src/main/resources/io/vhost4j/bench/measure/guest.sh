# Runs in the guest: plays PERIODS periods of 10 ms of silence, three times, and tells what that took.
# "begin" and "end" let the host look at its own side; the pauses give it time for that.
dd if=/dev/zero of=/tmp/silence bs=1920 count="PERIODS" 2>/dev/null
look() {
  read -r now rest </proc/uptime
  read -r cpu user nice system idle iowait irq softirq rest </proc/stat
  switches=$(sed -n 's/^ctxt //p' /proc/stat)
  echo "$1 $now $((user + nice + system + irq + softirq)) $switches"
}
for run in 1 2 3; do
  sleep 0.5
  look begin
  sleep 0.5
  look start
  aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 --period-size=480 --buffer-size=1920 /tmp/silence
  look stop
  sleep 0.5
  look end
done
