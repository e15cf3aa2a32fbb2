# Runs in a guest that is its own host: loads the module, and starts what serves its cards on the machine's own programs.
insmod ./virtio-loopback.ko devices=2 || exit 3
if [ "MACHINE" = uml ]; then
  H=/tmp/host
  mkdir $H
  mount -t hostfs -o / none $H || exit 4
  for d in proc sys dev; do mount -o rbind /$d $H/$d; done
else
  H=/host
fi
export JAVA_HOME='JAVA'
SERVERS=''
start() {
  program=$1; shift
  echo "now starts $program"
  chroot $H 'BIN'/$program "$@" >>/tmp/$program.out 2>>errors &
  SERVERS="$SERVERS $!"
}
ready() {
  n=0
  until grep -q READY /tmp/$1.out; do
    n=$((n + 1))
    [ $n -lt 1200 ] && kill -0 $! || { echo "$1 does not become ready"; exit 5; }
    sleep 0.1
  done
}
SOUND='--backend null --pacing fast'
if [ "WAY" = daemon ]; then
  start vhost-device-sound --socket /dev/shm/sound $SOUND
  ready vhost-device-sound
  start vhost-device-rng --socket /dev/shm/rng
  ready vhost-device-rng
  start virtio-loopback-adapter -d vhusnd -s /dev/shm/sound -l 0 -d vhurng -s /dev/shm/rng -l 1 --wait
else
  start virtio-loopback-adapter -d sound -l 0 -d rng -l 1 $SOUND
fi
ready virtio-loopback-adapter
echo "now waits for its drivers"
n=0
until [ -e /dev/snd/pcmC0D0p ] && grep -q virtio /sys/class/misc/hw_random/rng_current; do
  n=$((n + 1)); [ $n -lt 600 ] || { echo "the cards do not come"; exit 6; }
  sleep 0.1
done
for thread in /proc/[0-9]*; do
  read -r name <$thread/comm || continue
  case $name in loopback-*) THREADS="$THREADS ${thread#/proc/}" ;; esac
done
