# Runs in a user-mode Linux: simulates hardware in its kernel, and has this program at hand.
set -e
H=/tmp/host
mkdir $H
mount -t hostfs -o / none $H
for d in proc sys dev; do mount -o bind /$d $H/$d; done
mount -o bind /dev/shm $H/dev/shm
dmesg -n 1 # or each transfer of the bus is told on the console
mount -t configfs configfs /sys/kernel/config
C=/sys/kernel/config/gpio-sim/sim0
mkdir $C
for bank in $C/bank0 $C/bank1; do
  mkdir $bank
  echo 8 >$bank/num_lines
done
echo 1 >$C/live
GPIO0=$(cat $C/bank0/chip_name)
GPIO0=${GPIO0#gpiochip}
GPIO1=$(cat $C/bank1/chip_name)
GPIO1=${GPIO1#gpiochip}
insmod ./hostbus.ko
for can in vcan0 vcan1; do
  chroot $H /sbin/ip link add dev $can mtu 72 type vcan
  chroot $H /sbin/ip link set $can up
done
export JAVA_HOME='JAVA'
bench() {
  chroot $H "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -XX:+IgnoreUnrecognizedVMOptions \
    -Djava.io.tmpdir=/dev/shm -cp 'CLASSES' io.vhost4j.bench.Bench "$@"
}
