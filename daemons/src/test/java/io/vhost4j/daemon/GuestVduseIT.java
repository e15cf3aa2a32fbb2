package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The loopback adapter on Debian's Linux as it comes, by VDUSE: a disk of qemu-storage-daemon. The
 * machine boots once; the tests look at what it left.
 */
@DriverTest(
    device = "disk (not ours)",
    driver = "virtio_blk",
    kernel = "Linux 6.12, QEMU",
    transport = "VDUSE")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class GuestVduseIT {
  private static final int DISK_BYTES = 8 << 20;

  private final byte[] data = new byte[4 << 20];
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = LoopbackGuest.underQemu(directory);
    new Random(38).nextBytes(data);
    Files.write(guest.share().resolve("data"), data);
    guest.run(
        0,
        """
        head -c @BYTES@ /dev/zero >/dev/shm/disk
        cp data /tmp/data
        storage() {
          chroot $H /usr/bin/qemu-storage-daemon \\
            --blockdev driver=file,node-name=disk,filename=/dev/shm/disk \\
            --export type=vhost-user-blk,id=disk,node-name=disk,addr.type=unix,addr.path=/dev/shm/blk.sock,writable=on,num-queues=2 \\
            >>storage.out 2>>storage.err & storage=$!
        }
        disk() { [ -b /dev/vda ] && [ "$(cat /sys/block/vda/size)" -gt 0 ]; }
        no_disk() { ! [ -e /sys/block/vda ]; }
        gone() { [ ! -e /dev/vduse/loopback-0 ] && [ ! -e /sys/bus/vdpa/devices/loopback-0 ]; }
        # reader NAME: reads all the time, in two processes, and notes how it ended
        reader() {
          for part in a b; do
            (while dd if=/dev/vda of=/dev/null bs=16k iflag=direct 2>/dev/null; do :; done; echo ended >reader.$1.$part) &
          done
        }
        read_back() { echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda of=/tmp/$1 bs=64k count=64; cp /tmp/$1 $1; }
        refused sound 1 -d sound --backend=null -l 1 --transport=vduse &
        sound=$!
        start waiting virtio-loopback-adapter -d sound --backend=null -l 1 --wait
        storage
        start adapter virtio-loopback-adapter -s /dev/shm/blk.sock -d vhublk -l 0 -qn 2 -qs 128 --wait
        ready adapter
        until_so disk
        wait $sound
        until_so grep -q "waiting: " waiting.err
        stop waiting TERM
        echo "bytes $(($(cat /sys/block/vda/size) * 512))" >block
        echo "queues $(ls /sys/block/vda/mq | wc -l)" >>block
        readlink -f /sys/block/vda/device >>block
        refused busy 1 -s /dev/shm/blk.sock -d vhublk -l 0 &
        busy=$!
        dd if=/tmp/data of=/dev/vda bs=64k
        sync
        read_back back
        cp /dev/shm/disk disk
        wait $busy

        echo the daemon dies
        reader daemon
        sleep 1
        kill -KILL $storage
        until_so no_disk
        until_so [ -e reader.daemon.a ]
        until_so [ -e reader.daemon.b ]
        storage
        until_so disk
        read_back again

        echo the adapter sleeps through a question
        echo 1 >/sys/class/vduse/loopback-0/msg_timeout
        kill -STOP $adapter
        echo $(basename $(readlink -f /sys/block/vda/device)) >/sys/bus/virtio/drivers/virtio_blk/unbind
        no_disk
        kill -CONT $adapter
        until_so disk
        read_back woken

        echo the adapter dies
        reader adapter
        sleep 1
        stop adapter KILL
        kill -KILL $storage
        start next virtio-loopback-adapter -s /dev/shm/blk.sock -d vhublk --transport=vduse --wait
        until_so [ -e reader.adapter.a ]
        until_so [ -e reader.adapter.b ]
        until_so gone
        storage
        ready next
        until_so disk
        read_back after
        exec 7<>/dev/vda # the last to close it would write it back
        dd if=/tmp/data of=/dev/vda bs=64k seek=64
        stop next TERM
        exec 7>&-
        until_so no_disk
        gone
        cp /dev/shm/disk late

        echo the daemon hangs
        start last virtio-loopback-adapter -s /dev/shm/blk.sock -d vhublk --transport=vduse --wait
        ready last
        until_so disk
        reader hanging
        sleep 1
        kill -STOP $storage
        sleep 1
        stop last TERM
        until_so no_disk
        until_so [ -e reader.hanging.a ]
        until_so [ -e reader.hanging.b ]
        gone
        kill -KILL $storage
        until_so rmmod virtio_vdpa
        until_so rmmod vduse
        refused none 1 -d vrng --transport=vduse &
        none=$!
        refused neither 1 -d vrng
        wait $none
        """
            .replace("@BYTES@", String.valueOf(DISK_BYTES)));
  }

  private void assertData(String file, int offset) throws Exception {
    byte[] bytes = Files.readAllBytes(guest.share().resolve(file));
    assertThat(Arrays.mismatch(data, 0, data.length, bytes, offset, offset + data.length))
        .as("first byte of %s that differs", file)
        .isEqualTo(-1);
  }

  @Test
  void aDiskHasTheDaemonsSizeAndTheQueuesThatAreAskedFor() throws Exception {
    assertThat(guest.lines("block")).contains("bytes " + DISK_BYTES, "queues 2");
    assertThat(guest.lines("block")).anyMatch(line -> line.contains("/loopback-0/virtio"));
  }

  @Test
  void whatIsWrittenIsOnTheDisk() throws Exception {
    assertData("disk", 0);
    assertData("back", 0);
  }

  @Test
  void theDiskReturnsWithItsDaemon_AndReadersInBetweenFail() throws Exception {
    guest.assertTold("adapter.err", "the card is taken away", "/dev/shm/blk.sock is gone");
    assertData("again", 0);
  }

  /** VDUSE gives a device up that did not answer in time: here one second. */
  @Test
  void aDeviceThatTheKernelGaveUpReturns() throws Exception {
    guest.assertTold("adapter.err", "the card is taken away", "was not answered in time");
    assertThat(guest.share().resolve("adapter.err")).content().doesNotContain("StackOverflowError");
    assertData("woken", 0);
  }

  /** What VDUSE does not take waits for our module, as if there were no VDUSE. */
  @Test
  void aCardThatIsNotForVduseWaitsForTheModule() throws Exception {
    guest.assertTold("waiting.err", "waiting: there is no /dev/loopback-1", "modprobe");
    assertThat(guest.lines("ends")).contains("waiting ended with 0");
  }

  @Test
  void anAdapterWhoseDaemonHangsLeavesNothing() throws Exception {
    assertThat(guest.lines("ends")).contains("last ended with 0");
  }

  /** It need not wait for a daemon to do so. */
  @Test
  void anAdapterThatWasKilledIsFollowedByAnother_WhichFailsWhatItsReadersWaitFor()
      throws Exception {
    guest.assertTold("next.err", "/dev/vduse/loopback-0", "the driver has started the device");
    assertData("after", 0);
  }

  /** What was in the page cache when the adapter was told to end is on the disk. */
  @Test
  void theEndOfTheAdapterLosesNothing() throws Exception {
    assertData("late", data.length);
    assertThat(guest.lines("ends")).contains("adapter ended with 137", "next ended with 0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sound | VDUSE of this kernel takes no device of type 25 | load our module",
        "busy | /dev/vduse/loopback-0 is in use | --loopback",
        "none | there is no /dev/vduse/control | modprobe -a vduse virtio_vdpa",
        "neither | there is no /dev/loopback-0 | modprobe virtio-loopback",
      })
  void whatCannotBeIsToldInOneLine(String file, String what, String advice) throws Exception {
    guest.assertTold(file + ".err", what, advice);
    assertThat(guest.share().resolve(file + ".err"))
        .content()
        .doesNotContain("\tat ", "Exception", "WARN");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
