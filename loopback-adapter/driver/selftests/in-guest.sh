#!/bin/sh
# Runs in a guest, in the directory with virtio-loopback.ko, test and fuzz: loads the module and puts it to the test.
# Arguments: seconds to fuzz, its seed, how often to load and unload, then names of tests (none: all).
fuzz_seconds=$1 seed=$2 cycles=$3
shift 3
failed=0

check() {
  if "$@"; then return; fi
  echo "FAILED $*"
  failed=1
}

# What waits in the kernel, for the log of a failure.
show_blocked() {
  for task in /proc/[0-9]*; do
    if grep -q '^State:.[DR]' "$task/status" 2>/dev/null || grep -q 'virtio_loopback' "$task/stack" 2>/dev/null; then
      echo "waiting: $(cat "$task/comm" 2>/dev/null)"
      cat "$task/stack" 2>/dev/null
    fi
  done
}

# meminfo FIELD: in KiB.
meminfo() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }

# Devices that are gone have left no thread, no mapping and no file, and a hundred more make no difference.
check_nothing_is_left() {
  tries=0
  while ps | grep -q '\[loopback-[0-9]' && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  if ps | grep '\[loopback-[0-9]'; then return 1; fi
  if grep 'vlb_.*\[virtio_loopback\]' /proc/vmallocinfo 2>/dev/null; then return 1; fi
  before=$(meminfo SUnreclaim) files=$(meminfo Shmem)
  ./test a_hundred_attaches >/tmp/leaks || return 1
  sleep 1
  # KASAN keeps for a while what was freed.
  if [ "$(meminfo SUnreclaim)" -gt $((before + 1500)) ] &&
    ! grep -q 'KernelAddressSanitizer' /tmp/boot; then
    echo "a hundred devices took $before to $(meminfo SUnreclaim) KiB"
    return 1
  fi
  if [ "$(meminfo Shmem)" -gt $((files + 500)) ]; then
    echo "a hundred devices left files: $files to $(meminfo Shmem) KiB"
    return 1
  fi
}

# What the module has allocated and nobody knows of any more, if the kernel looks for that.
check_nothing_is_lost() {
  leaks=/sys/kernel/debug/kmemleak
  [ -e $leaks ] || return 0
  sleep 6 # it does not look at what is younger
  # What has changed since the last look is looked at again.
  for look in 1 2 3; do echo scan >$leaks; done
  if grep -q 'virtio_loopback' $leaks; then
    grep -B 20 -A 10 'virtio_loopback' $leaks | head -n 100
    return 1
  fi
}

dmesg >/tmp/boot
dmesg -n 8 # a quiet console keeps warnings to itself
echo on >/proc/sys/kernel/printk_devkmsg # the names of all tests
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
if [ -e /sys/kernel/debug/failslab ]; then
  # An allocation that a test makes fail is no news.
  for kind in failslab fail_page_alloc fail_usercopy; do echo 0 >/sys/kernel/debug/$kind/verbose; done
  echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
  echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
  echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
fi

for bad in 0 65 1000000; do
  if insmod ./virtio-loopback.ko devices=$bad 2>/dev/null; then
    echo "FAILED devices=$bad was taken"
    failed=1
  fi
done
# Who has stumbled would only make others wait.
echo 1 >/proc/sys/kernel/panic_on_oops
check insmod ./virtio-loopback.ko devices=2
[ -c /dev/loopback-0 ] && [ -c /dev/loopback-1 ] && [ ! -e /dev/loopback-2 ] || { echo "FAILED nodes"; failed=1; }
check ./test "$@"

if [ "$fuzz_seconds" -gt 0 ]; then
  check ./fuzz "$fuzz_seconds" "$seed"
  # The next disk is to be the first.
  tries=0
  while ls -d /sys/block/vd* >/dev/null 2>&1 && [ $tries -lt 300 ]; do tries=$((tries + 1)); sleep 0.1; done
  if ls -d /sys/block/vd* 2>/dev/null; then echo "FAILED a disk without owner stays"; show_blocked; failed=1; fi
  check ./test rng_reads_what_the_device_wrote block_with_all_features_is_exact
fi

# With an owner that has a device, the module stays; when he dies it can go.
i=0
while [ $i -lt "$cycles" ]; do
  ./test owner_killed_at_driver_ok >/tmp/cycle || { echo "FAILED test in cycle $i"; failed=1; break; }
  tries=0
  until rmmod virtio_loopback 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries -gt 500 ]; then
      echo "FAILED rmmod in cycle $i"
      show_blocked
      failed=1
      break 2
    fi
    sleep 0.02
  done
  insmod ./virtio-loopback.ko devices=$((i % 64 + 1)) || { failed=1; break; }
  i=$((i + 1))
done
if [ "$cycles" -gt 0 ]; then
  echo "$i load and unload cycles"
  check check_nothing_is_left
fi
check check_nothing_is_lost
# It stops looking when it has found something.
if [ -e /proc/lockdep_stats ]; then check grep -q 'debug_locks: *1' /proc/lockdep_stats; fi
tries=0
until rmmod virtio_loopback 2>/dev/null || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
[ ! -e /sys/module/virtio_loopback ] || { echo "FAILED rmmod: still in use"; failed=1; }
exit $failed
