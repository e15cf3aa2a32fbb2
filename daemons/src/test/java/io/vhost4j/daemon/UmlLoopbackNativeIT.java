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

/**
 * Daemons that are not ours behind the loopback adapter: a disk of qemu-storage-daemon, and the
 * Rust vhost-device-sound where it can be installed.
 */
@DriverTest(
    device = "disk (not ours)",
    driver = "virtio_blk",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackNativeIT {
  private static final int DISK_BYTES = 8 << 20;

  private final byte[] data = new byte[4 << 20];
  private final byte[] late = new byte[4 << 20];
  private final Clip clip = Clip.noise(36, 1000);
  private LoopbackGuest guest;
  private String peer;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    new Random(37).nextBytes(data);
    Files.write(guest.share().resolve("data"), data);
    new Random(38).nextBytes(late);
    Files.write(guest.share().resolve("late"), late);
    Files.write(guest.share().resolve("disk"), new byte[DISK_BYTES]);
    clip.writeRaw(guest.share().resolve("clip.raw"));
    peer = LoopbackGuest.nativeDaemons("sound").getOrDefault("sound", "");
    guest.run(
        2,
        """
        storage() {
          chroot $H /usr/bin/qemu-storage-daemon \\
            --blockdev driver=file,node-name=disk,filename=@SHARE@/disk \\
            --export type=vhost-user-blk,id=disk,node-name=disk,addr.type=unix,addr.path=/dev/shm/blk.sock,writable=on,num-queues=2 \\
            >storage.out 2>>storage.err & storage=$!
        }
        disk() { [ -b /dev/vda ]; }
        no_disk() { ! [ -e /sys/block/vda ]; }
        storage
        start adapter virtio-loopback-adapter -s /dev/shm/blk.sock -d vhublk -l 0 -qn 2 -qs 128 --wait
        ready adapter
        until_so disk
        echo "bytes $(($(cat /sys/block/vda/size) * 512))" >block
        echo "queues $(ls /sys/block/vda/mq | wc -l)" >>block
        echo "entries $(cat /sys/block/vda/queue/nr_requests)" >>block
        cat /sys/block/vda/cache_type >>block
        echo 'write back' >/sys/block/vda/cache_type
        cat /sys/block/vda/cache_type >>block
        echo 'write through' >/sys/block/vda/cache_type
        cat /sys/block/vda/cache_type >>block
        dd if=data of=/dev/vda bs=64k
        sync
        echo 3 >/proc/sys/vm/drop_caches
        dd if=/dev/vda of=back bs=64k count=64

        echo the daemon dies
        dd if=/dev/vda of=/dev/null bs=4k & reader=$!
        kill -KILL $storage
        wait $reader || true
        until_so no_disk
        storage
        until_so disk
        dd if=/dev/vda of=again bs=64k count=64

        echo the adapter ends before all is written
        exec 3</dev/vda # as a file system would: the last one to close it would write all
        dd if=late of=/dev/vda bs=64k seek=64
        stop adapter TERM
        until_so no_disk
        exec 3<&-
        kill $storage
        wait $storage || true # it has the file locked

        echo the daemon hangs while the adapter ends
        storage
        start patient virtio-loopback-adapter -s /dev/shm/blk.sock -d vhublk -l 0 --wait
        ready patient
        until_so disk
        exec 3</dev/vda
        dd if=late of=/dev/vda bs=64k seek=64 count=1
        kill -STOP $storage
        stop patient TERM
        until_so no_disk
        exec 3<&-
        kill -KILL $storage
        wait $storage || true

        echo the daemon dies while the adapter ends
        storage
        start hasty virtio-loopback-adapter -s /dev/shm/blk.sock -d vhublk -l 0 --wait
        ready hasty
        until_so disk
        exec 3</dev/vda
        dd if=late of=/dev/vda bs=64k seek=64 count=1
        kill -STOP $storage
        kill -TERM $hasty
        sleep 1
        kill -KILL $storage
        status=0
        wait $hasty || status=$?
        echo "hasty ended with $status" >>ends
        until_so no_disk
        exec 3<&-

        if [ -n "@PEER@" ]; then
          echo a sound card of another
          chroot $H @PEER@ --socket /dev/shm/native.sock --backend null >native.out 2>native.err & native=$!
          start sound virtio-loopback-adapter -s /dev/shm/native.sock -d vhusnd -l 1 --wait
          ready sound
          await_card 1
          # Its null backend keeps no time, at which the driver may lose patience: playing is tried, no more.
          play $card clip.raw @FORMAT@ || true
          rebind 1
          aplay -l >native.cards
          stop sound TERM
          kill -KILL $native
          until_so no_card
        fi
        until_so rmmod virtio_loopback
        """
            .replace("@PEER@", peer)
            .replace("@FORMAT@", clip.alsaOptions()));
  }

  @Test
  void aDiskHasTheDaemonsSizeAndTheQueuesThatAreAskedFor() throws Exception {
    assertThat(guest.lines("block")).contains("bytes " + DISK_BYTES, "queues 2");
    assertThat(guest.lines("block")).anyMatch(line -> line.startsWith("entries "));
  }

  @Test
  void whatIsWrittenIsOnTheDisk() throws Exception {
    byte[] disk = Files.readAllBytes(guest.share().resolve("disk"));
    assertThat(Arrays.mismatch(data, 0, data.length, disk, 0, data.length)).isEqualTo(-1);
    assertThat(Arrays.mismatch(data, Files.readAllBytes(guest.share().resolve("back"))))
        .isEqualTo(-1);
  }

  @Test
  void whatIsNotWrittenYetIsOnTheDiskOfAnAdapterThatEnds() throws Exception {
    byte[] disk = Files.readAllBytes(guest.share().resolve("disk"));
    int at = data.length;
    assertThat(Arrays.mismatch(late, 0, late.length, disk, at, at + late.length)).isEqualTo(-1);
    guest.assertTold("adapter.err", "the driver has let go of the device");
    assertThat(guest.lines("ends")).contains("adapter ended with 0");
  }

  @Test
  void anAdapterDoesNotWaitForEverForADaemonThatHangs() throws Exception {
    guest.assertTold("patient.err", "/dev/loopback-0", "the driver does not let go of the card");
    assertThat(guest.lines("ends")).contains("patient ended with 0");
  }

  @Test
  void anAdapterDoesNotWaitForADaemonThatDies() throws Exception {
    assertThat(guest.share().resolve("hasty.err"))
        .content()
        .contains("the driver has started the device")
        .doesNotContain("the driver does not let go of the card");
    assertThat(guest.lines("ends")).contains("hasty ended with 0");
  }

  /** The driver writes into configuration space, and reads back what the daemon says then. */
  @Test
  void theWriteCacheIsSwitchedByTheDriver() throws Exception {
    assertThat(guest.lines("block")).endsWith("write through", "write back", "write through");
  }

  @Test
  void theDiskReturnsWithItsDaemon() throws Exception {
    guest.assertTold("adapter.err", "the card is taken away", "/dev/shm/blk.sock is gone");
    assertThat(Arrays.mismatch(data, Files.readAllBytes(guest.share().resolve("again"))))
        .isEqualTo(-1);
  }

  @Test
  void anotherSoundDaemonHasACard() throws Exception {
    if (peer.isEmpty()) {
      System.out.println("no Rust vhost-device-sound here, so it was not tried");
      return;
    }
    guest.assertTold("sound.err", "the driver has started the device, virtio");
    guest.assertTold("sound.err", "the driver has let go of the device");
    assertThat(guest.lines("sound.err"))
        .filteredOn(line -> line.contains("has started"))
        .hasSize(2);
    guest.assertTold("native.cards", "virtio-snd");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
