# shellcheck shell=sh
# Sourced by the first program of a guest, when /ctl and /share are mounted: runs the script that boot.sh left in /ctl,
# says how it ended, then powers off or, while more boots are wanted, reboots.
VHOST4J_BOOT=$(($(cat /ctl/boots) + 1))
export VHOST4J_BOOT
echo $VHOST4J_BOOT >/ctl/boots

# A boot that has not left its status ended in a panic or a hard reset: there is no second try.
if [ -e /ctl/running ]; then poweroff -f; fi
: >/ctl/running

# Sound cards appear while their driver probes, as a rule before this.
cards=$(cat /ctl/cards) tries=50
while [ "$tries" -gt 0 ] && [ "$(grep -c '^ *[0-9]' /proc/asound/cards)" -lt "$cards" ]; do
  sleep 0.1
  tries=$((tries - 1))
done

cd /share || poweroff -f
sh /ctl/script >>/ctl/output 2>&1 </dev/null
status=$?

echo $status >/ctl/status
rm /ctl/running
sync
if [ "$status" -eq 0 ] && [ "$VHOST4J_BOOT" -le "$(cat /ctl/reboots)" ]; then reboot -f; fi
poweroff -f
