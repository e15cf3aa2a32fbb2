package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
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
  /** A card that is served has so many descriptors, but for some that Java has for a moment. */
  private static final List<Integer> MISSING_FILES = List.of(2, 4, 6, 8, 10);

  /** Direct memory that is enough to open a node, and not to attach a card. */
  private static final int DIRECT_KIB = 70;

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
        touch -d @0 $H/dev/loopback-3
        refused rights 1 -d vrng -l 3 --wait
        # ... yet: the node is new
        touch $H/dev/loopback-3
        start allowed virtio-loopback-adapter -d vrng -l 3 --wait
        until_so grep 'waiting: ' allowed.err
        umount $H/dev/loopback-3
        ready allowed
        stop allowed TERM
        mount -o bind /dev/null $H/dev/loopback-3
        refused foreign 1 -d vrng -l 3
        start second virtio-loopback-adapter -s /dev/shm/nobody.sock -d vhurng -d vrng -l 1 -l 3 --wait
        until_so grep 'does not answer' second.err
        status=0; wait $second || status=$?
        [ $status = 1 ]
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

        # limited NAME FILES OPTION...: with so many open files
        limited() {
          name=$1 files=$2; shift 2
          (ulimit -n $files; exec chroot $H @BIN@/virtio-loopback-adapter "$@") >$name.out 2>$name.err &
          eval "$name=$!"
        }
        start full virtio-loopback-adapter -d sound --backend=null -l 2
        ready full
        await_card 2
        held=$(for i in $(seq 16); do ls /proc/$full/fd | wc -l; sleep 0.25; done | sort -n | head -n 1)
        stop full TERM
        until_so no_card
        start witness virtio-loopback-adapter -d vrng -l 1
        ready witness
        for less in @LESS@; do
          limited files$less $((held - less)) -d sound --backend=null -l 2
          until_so grep -q . files$less.err
          eval "process=\\$files$less"
          n=0
          until grep -q 'Too many open files' files$less.err; do
            n=$((n + 1)); if [ $n -gt 600 ]; then echo "files$less says nothing"; cat files$less.*; exit 8; fi
            sleep 0.1
          done
          kill $process 2>/dev/null || true
          status=0; wait $process || status=$?
          echo "$less $status" >>files
          until_so no_card
        done
        VHOST4J_OPTS=-XX:MaxDirectMemorySize=1k refused direct 1 -d vrng -l 2
        VHOST4J_OPTS=-XX:MaxDirectMemorySize=@DIRECT@k refused attach 1 -d vrng -l 2

        # Told to end while the kernel still waits for the former card of the node, which a program has open.
        start held virtio-loopback-adapter -d sound --backend=null -l 2
        ready held
        await_card 2
        sleep 600 7>/dev/snd/pcmC${card}D0p & holder=$!
        stop held TERM
        start late virtio-loopback-adapter -d vrng -l 2
        until_so grep 'loopback-2: ' late.err
        sleep 1
        stop late TERM
        kill $holder
        until_so no_card

        stop witness TERM

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
        """
            .replace(
                "@LESS@",
                MISSING_FILES.stream().map(String::valueOf).collect(Collectors.joining(" ")))
            .replace("@DIRECT@", String.valueOf(DIRECT_KIB)));
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
        "second | /dev/loopback-3 does not answer as a node | load the one",
        "unfit | /dev/shm/rng.sock has 1 queues | vhusnd needs 4",
        "taken | the daemon at /dev/shm/rng.sock does not answer | serves somebody else",
        "unloaded | there is no /dev/loopback-0 | sudo modprobe virtio-loopback",
        "direct | Java is out of memory | -Xmx",
        "attach | Java is out of memory | -Xmx",
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

  /** The kernel makes nodes for root alone, and udev gives them to their group then. */
  @Test
  void anAdapterThatWaitsServesWhenItMayOpenTheNode() throws Exception {
    guest.assertTold("allowed.err", "waiting: ", "/dev/loopback-3: you may not open it");
    guest.assertTold("allowed.err", "the card is there");
  }

  /** Whichever descriptor it is that cannot be had. */
  @Test
  void aProcessThatMayHaveNoMoreFilesSaysSoInOneLine() throws Exception {
    List<String> ends = guest.lines("files");
    assertThat(ends).hasSameSizeAs(MISSING_FILES);
    for (int less : MISSING_FILES) {
      List<String> said = guest.lines("files%d.err".formatted(less));
      assertThat(said).as("%d descriptors less", less).noneMatch(UmlLoopbackMistakesIT::isTrace);
      assertThat(said.stream().filter(line -> line.contains("Too many open files")))
          .as("%d descriptors less: %s", less, said)
          .isNotEmpty();
    }
    assertThat(ends).as("some cannot even have the card").anyMatch(line -> line.endsWith(" 1"));
  }

  private static boolean isTrace(String line) {
    return line.contains("\tat ") || line.contains("defect");
  }

  @Test
  void whoIsToldToEndWhileTheFormerCardLeavesHasTheTimeForIt() throws Exception {
    assertThat(guest.lines("ends")).contains("late ended with 0", "witness ended with 0");
    assertThat(guest.share().resolve("late.err")).content().doesNotContain("does not answer");
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
