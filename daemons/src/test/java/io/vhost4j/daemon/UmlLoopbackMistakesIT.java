package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the loopback adapter says where it cannot serve, on a whole machine. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackMistakesIT {
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void makeThem(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    guest.run(
        4,
        """
        refused missing 1 -d vrng -l 9
        refused nobody 1 -s /dev/shm/nobody.sock -d vhusnd -l 1
        refused usage 2 -d vhusnd -l 1
        start here virtio-loopback-adapter -d vrng -l 0
        ready here
        refused busy 1 -d vrng -l 0

        # A device file that not even root may open
        mkdir /tmp/nodev
        mount -t tmpfs -o nodev none /tmp/nodev
        mknod /tmp/nodev/node c 1 3
        mount -o bind /tmp/nodev/node $H/dev/loopback-3
        refused rights 1 -d vrng -l 3
        umount $H/dev/loopback-3
        mount -o bind /dev/null $H/dev/loopback-3
        refused foreign 1 -d vrng -l 3
        umount $H/dev/loopback-3

        start rngd vhost-device-rng --socket=/dev/shm/rng.sock
        ready rngd
        refused unfit 1 -s /dev/shm/rng.sock -d vhusnd -l 1
        start vhurng virtio-loopback-adapter -s /dev/shm/rng.sock -d vhurng -l 1
        ready vhurng
        refused taken 1 -s /dev/shm/rng.sock -d vhurng -l 2
        start patient virtio-loopback-adapter -s /dev/shm/rng.sock -d vhurng -l 2 --wait
        until_so grep 'waiting: ' patient.err
        stop vhurng TERM
        ready patient
        stop patient TERM
        stop rngd TERM
        stop here TERM

        echo 0 >/sys/bus/virtio/drivers_autoprobe
        start alone virtio-loopback-adapter -d vrng -l 2
        ready alone
        until_so grep 'no driver has started' alone.err
        stop alone TERM
        echo 1 >/sys/bus/virtio/drivers_autoprobe

        until_so rmmod virtio_loopback
        refused unloaded 1 -d vrng -l 0
        insmod ./virtio-loopback.ko devices=1 max_memory=1
        refused memory 1 -d sound --backend=null -l 0
        until_so rmmod virtio_loopback
        """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "missing | there is no /dev/loopback-9 | devices=N",
        "nobody | no daemon answers at /dev/shm/nobody.sock | start it",
        "usage | no socket for vhusnd | --socket",
        "busy | /dev/loopback-0 is in use | fuser",
        "rights | /dev/loopback-3: you may not open it | udev",
        "foreign | /dev/loopback-3 does not answer as a node | load the one",
        "unfit | /dev/shm/rng.sock has 1 queues | vhusnd needs 4",
        "taken | the daemon at /dev/shm/rng.sock does not answer | serves somebody else",
        "unloaded | there is no /dev/loopback-0 | sudo modprobe virtio-loopback",
        "memory | /dev/loopback-0: the device wants more memory | max_memory",
      })
  void isToldInOneLine(String file, String what, String advice) throws Exception {
    guest.assertTold(file + ".err", what, advice);
    assertThat(guest.share().resolve(file + ".err"))
        .content()
        .doesNotContain("\tat ", "Exception", "WARN");
  }

  @Test
  void anAdapterThatWaitsServesWhenTheDaemonIsFree() throws Exception {
    guest.assertTold("patient.err", "waiting: ", "serves somebody else");
    guest.assertTold("patient.err", "the card is there");
  }

  @Test
  void aDriverThatDoesNotComeIsMissed() throws Exception {
    guest.assertTold("alone.err", "no driver has started the device yet", "modprobe virtio_rng");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
