# Runs in a guest: the same buffers whatever serves its devices, and tells for each kind what COUNT of them took: hundredths
# of a second that passed, and that the guest, the processes $SERVERS and the kernel's threads $THREADS had a processor. The
# pauses give the host time to look at its own side.
clock() { read -r now rest </proc/uptime; now=$((${now%.*} * 100 + 1${now#*.} - 100)); }
guest() {
  read -r cpu user nice system idle iowait irq softirq rest </proc/stat
  sum=$((user + nice + system + irq + softirq))
}
used() {
  sum=0
  for pid in $1; do
    read -r a b c d e f g h i j k l m user system rest </proc/$pid/stat
    sum=$((sum + user + system))
  done
}
# measure NAME BYTES COUNT COMMAND...: a few times until it succeeds. ALSA gives up where a whole buffer came back before
# it looked, as that is none to it: if the host had no processor for the guest for 10 ms.
measure() {
  tries=1
  until try "$@"; do
    tries=$((tries + 1)); [ $tries -lt 10 ] || exit 7
  done
}
try() {
  name=$1 bytes=$2 count=$3
  shift 3
  echo "now measures $name"
  echo "begin $name"
  sleep 0.5
  used "$SERVERS"; servers=$sum
  used "$THREADS"; threads=$sum
  guest; all=$sum
  clock; start=$now
  "$@" || return
  clock; stop=$now
  guest; all=$((sum - all))
  used "$THREADS"; threads=$((sum - threads))
  used "$SERVERS"; servers=$((sum - servers))
  echo "end $name $bytes $count $((stop - start)) $all $servers $threads"
  sleep 0.5
}
# One buffer at a time: the driver reads 64 bytes, and asks for more when it has them.
entropy() { dd if=/dev/hwrng of=/dev/null bs=64 count="$1" 2>/dev/null; }
# As many buffers under way as 640 ms of sound: 64 of 2 and of 15 KiB, 16 of 60. Half of them is taken in 10 ms, and ALSA
# is not to stop where all have been taken.
silence() { dd if=/dev/zero of=/tmp/silence bs="$1" count="$2" 2>/dev/null; }
small() {
  aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 --period-size=480 --buffer-size=30720 --stop-delay=10000000 \
    /tmp/silence
}
# large FRAMES
large() {
  aplay -q -D hw:0,0 -t raw -f S32_LE -c 2 -r 192000 --period-size="$1" --buffer-size=122880 --stop-delay=10000000 \
    /tmp/silence
}
n=0
until [ -e /dev/snd/pcmC0D0p ]; do
  n=$((n + 1)); [ $n -lt 100 ] || { echo "there is no sound card"; exit 6; }
  sleep 0.1
done
echo "now warms up"
entropy WARM
measure entropy 64 TRIPS entropy TRIPS
silence 1920 WARM
small || :
silence 1920 PERIODS
measure period 1920 PERIODS small
silence 15360 $((WARM / 4))
large 1920 || :
silence 15360 CHUNKS
measure chunk 15360 CHUNKS large 1920
silence 61440 $((WARM / 8))
large 7680
silence 61440 BLOCKS
measure block 61440 BLOCKS large 7680
