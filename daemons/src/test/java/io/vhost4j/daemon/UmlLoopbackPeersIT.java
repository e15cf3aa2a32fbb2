package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The native daemons as control: the same commands on the same hardware of the same kernel, which
 * our devices serve first and then, where they can be installed, Rust's. What they do differently
 * is in docs/devices.md; a line here that goes red says that it has changed.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Tag("natives")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackPeersIT {
  private static final String[] DEVICES = {"gpio", "i2c", "can", "input", "console", "spi"};

  private static final String SCRIPT =
      CanLog.FUNCTIONS
          + BusTools.functions()
          + InputReader.PRELUDE
          + """
          tool() { chroot $H "$@"; }
          # within TENTHS COMMAND...: whether it comes to that within so many tenths of a second
          within() {
            n=0 tenths=$1; shift
            until "$@" >/dev/null 2>&1; do n=$((n + 1)); [ $n -le $tenths ] || return 1; sleep 0.1; done
          }
          soon() { within 200 "$@"; }

          mount -o bind /dev/pts $H/dev/pts
          insmod ./hostbus.ko
          mount -t configfs configfs /sys/kernel/config
          C=/sys/kernel/config/gpio-sim/sim0
          mkdir $C $C/bank0
          echo 8 >$C/bank0/num_lines
          echo 1 >$C/live
          chip=$(cat $C/bank0/chip_name)
          P=/sys/devices/platform/$(cat $C/dev_name)/$chip
          ip link add dev vcan0 mtu 72 type vcan
          ip link set vcan0 up
          keys=$(node "Test keys")
          dmesg -n 1

          virtio_chip() {
            for each in /dev/gpiochip*; do
              if [ $each != /dev/$chip ]; then V=${each##*/}; return; fi
            done
            return 1
          }
          has_lines() { [ "$(wc -l <$2)" -ge $1 ]; }
          # sensed WHO: a line's level, edges, and an output
          sensed() {
            soon virtio_chip || { echo none >$1.gpio; return; }
            echo pull-up >$P/sim_gpio3/pull
            echo "high $(tool gpioget $V 3)" >$1.gpio
            echo pull-down >$P/sim_gpio3/pull
            echo "low $(tool gpioget $V 3)" >>$1.gpio
            tool gpioset --mode=signal $V 5=1 & setter=$!
            soon driven && echo "driven" >>$1.gpio
            kill $setter
            tool gpiomon -b --format=%e $V 3 >$1.edges 2>/dev/null & monitor=$!
            soon watched || :
            sleep 1
            echo pull-up >$P/sim_gpio3/pull
            soon has_lines 1 $1.edges || :
            echo pull-down >$P/sim_gpio3/pull
            soon has_lines 2 $1.edges || :
            kill $monitor
            echo "edges $(cat $1.edges | tr '\\n' ' ')" >>$1.gpio
          }
          driven() { [ "$(cat $P/sim_gpio5/value)" = 1 ]; }
          watched() { tool gpioinfo $chip | grep 'line *3' | grep -q '"vh'; }

          virtual() { bus i2c_virtio >/dev/null; }
          # transferred WHO: bytes, alone and in groups, and messages without any
          transferred() {
            soon virtual || { echo none >$1.i2c; return; }
            B=$(bus i2c_virtio)
            i2c set -y $B 0x1c 0x20 0x77
            echo "byte $(i2c get -y $B 0x1c 0x20)" >$1.i2c
            echo "group $(i2c transfer -y $B w3@0x1c 0x30 1 2 w1@0x1c 0x30 r2)" >>$1.i2c
            echo "empty $(i2c detect -y -q $B 0x1c 0x1c | grep -c ' 1c ')" >>$1.i2c
            echo "other $(i2c transfer -y $B w1@0x1c 0x20 w1@0x55 0 | tr '\\n' ' ')" >>$1.i2c
          }

          # sent WHO: frames each way, whatever is heard
          sent() {
            soon [ -e /sys/class/net/can0 ] || { echo none >$1.can; return; }
            ip link set can0 up || { echo down >$1.can; return; }
            listen can0 $1.can; card=$listener
            listen vcan0 $1.vcan; host=$listener
            for frame in 123#0102 12345678#03 124##00102; do cansend vcan0 $frame; sleep 0.1; done
            cansend can0 001#01
            cansend can0 002#R4 || :
            cansend can0 003##0010203
            within 15 has_lines 6 $1.vcan || :
            within 15 has_lines 6 $1.can || :
            end $card $host
            ip link set can0 down || :
          }

          copy() {
            for each in /sys/class/input/event*; do
              case $(readlink -f $each) in */loopback-*) COPY=/dev/input/${each##*/}; return ;; esac
            done
            return 1
          }
          settled() { copy || grep -q "$1.input0 is gone" $1_adapter.err; }
          # typed WHO: what the device is, and a key
          typed() {
            soon settled $1 || :
            copy || { echo none >$1.input; return; }
            describe $COPY $1.input
            exec 3<$COPY
            cat keys.events >>keys.evemu
            timeout 3 dd bs=24 count=6 iflag=fullblock <&3 >$1.keys 2>/dev/null || :
            exec 3<&-
          }

          console() {
            for each in 0 1 2 3; do
              if [ -c /dev/hvc$each ] && (: <>/dev/hvc$each); then hvc=/dev/hvc$each; return; fi
            done
            return 1
          }
          # talked WHO: a line each way, through the terminal that descriptor 5 types into
          talked() {
            soon console || { echo none >$1.console; return; }
            exec 4<>$hvc
            stty raw -echo <&4
            timeout 2 dd bs=1 count=15 <&4 >$1.heard 2>/dev/null & reader=$!
            sleep 0.5
            printf hello >&5
            wait $reader || :
            echo "heard $(cat $1.heard)" >$1.console
            printf 'and back\\n' >&4
            soon grep 'and back' $1.terminal && echo told >>$1.console
            exec 4>&-
            sleep 0.5
          }

          controller() {
            for each in /sys/class/spi_master/spi*; do
              D=/dev/spidev${each#/sys/class/spi_master/spi}.0
              case $(readlink -f $each) in */loopback-*) return ;; esac
            done
            return 1
          }
          # echoed WHO: what a chip gives back
          echoed() {
            soon controller || { echo none >$1.spi; return; }
            echo 1 >/sys/module/hostbus/parameters/attach
            soon [ -e $D ] || { echo none >$1.spi; return; }
            printf hello-spi | spi_pipe -d $D -b 9 -n 1 >$1.spi || :
          }

          no_cards() {
            for each in /sys/bus/virtio/devices/*; do
              case $(readlink -f $each) in */loopback-*) return 1 ;; esac
            done
          }
          ours() { echo @BIN@/vhost-device-$1; }
          # serve WHO DEVICE OPTION...: a daemon and its card, if there is one
          serve() {
            served=$1.$2 device=$2 program=$($1 $2); shift 2
            [ -n "$program" ] || return 0
            if [ $device = console ]; then # on a terminal that descriptor 5 types into
              mkfifo /dev/shm/$served.typed
              exec 5<>/dev/shm/$served.typed
              tool /usr/bin/script -qfc "$program -s /dev/shm/$served $*" /dev/null <&5 >${served%.*}.terminal 2>&1 &
            else
              tool $program -s /dev/shm/$served "$@" >$served.out 2>$served.err &
            fi
            daemons="$daemons $!"
            cards="$cards -d vhu$device -s /dev/shm/${served}0 -l $node"
            node=$((node + 1))
          }
          # compare WHO: the same with his daemons
          compare() {
            node=0 cards='' daemons=''
            serve $1 gpio -c 1 -l ${chip#gpiochip}
            serve $1 i2c -c 1 -l 'hostbus I2C:28'
            serve $1 can -c 1 -d vcan0
            serve $1 input -e $keys
            serve $1 spi -c 1 -l /dev/spidev0.0
            serve $1 console -c 1 -b nested
            start ${1}_adapter virtio-loopback-adapter --wait $cards
            ready ${1}_adapter
            for each in sensed transferred sent typed echoed talked; do
              echo "$1: $each after $(cut -d ' ' -f 1 /proc/uptime)"
              $each $1
            done
            stop ${1}_adapter TERM
            exec 5>&-
            kill -KILL $daemons 2>/dev/null || :
            until_so no_cards
          }
          compare ours
          compare native

          if [ -n "$(native can)" ]; then
            tool $(native can) -s /dev/shm/large -c 1 -d vcan0 >/dev/null 2>&1 & large=$!
            start large_adapter virtio-loopback-adapter --wait -s /dev/shm/large0 -d vhucan -l 0 -qs 256
            soon grep -qE "WARN|ERROR" large_adapter.err || :
            stop large_adapter TERM
            kill -KILL $large 2>/dev/null || :
          fi
          """;

  private final Map<String, String> programs = new TreeMap<>();
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    programs.putAll(LoopbackGuest.nativeDaemons(DEVICES));
    assertThat(programs).as("native daemons that can be had here").containsOnlyKeys(DEVICES);
    guest = new LoopbackGuest(directory);
    Path share = guest.share();
    BusTools.addModule(share, LoopbackGuest.KERNEL);
    Evtest.copyTo(share);
    InputRecording keys = new InputRecording(share.resolve("keys.evemu"), InputRecording.KEYS);
    keys.key(30, true).key(30, false).appendTo(share.resolve("keys.events"));
    String prefix = directory.resolve("input").toString();
    try (Daemon daemon =
        Daemon.startDevice("input", "-s", prefix, "-e", keys.file.toString()).awaitReady()) {
      guest.run(6, natives() + SCRIPT, "--socket", prefix + "0:18");
    }
  }

  /** A function of the shell that tells their programs. */
  private String natives() {
    StringBuilder text = new StringBuilder("native() { case $1 in\n");
    programs.forEach((device, path) -> text.append("%s) echo '%s' ;;\n".formatted(device, path)));
    return text.append("esac; }\n").toString();
  }

  private List<String> left(String file) throws Exception {
    return Files.readAllLines(guest.share().resolve(file));
  }

  @Test
  void itsGpioInvertsInputsAndEdges() throws Exception {
    assertThat(left("ours.gpio")).containsExactly("high 1", "low 0", "driven", "edges 1 0 ");
    assertThat(left("native.gpio")).containsExactly("high 0", "low 1", "driven", "edges 0 1 ");
  }

  @Test
  void itsI2cHasNoEmptyMessagesAndLetsAGroupReachAnyAddress() throws Exception {
    assertThat(left("ours.i2c"))
        .startsWith("byte 0x77", "group 0x01 0x02", "empty 1")
        .last()
        .asString()
        .contains("only 1/2 messages");
    assertThat(left("native.i2c"))
        .containsExactly("byte 0x77", "group 0x01 0x02", "empty 0", "other ");
  }

  @Test
  void itsCanLosesFramesAndHearsItsOwn() throws Exception {
    String[] host = {"123#0102", "12345678#03", "124##0102"};
    String[] card = {"001#01", "002#R4", "003##010203"};
    List<String> all = Stream.concat(Stream.of(host), Stream.of(card)).toList();
    assertThat(CanLog.frames(guest.share().resolve("ours.can"))).isEqualTo(all);
    assertThat(CanLog.frames(guest.share().resolve("ours.vcan"))).isEqualTo(all);
    assertThat(CanLog.frames(guest.share().resolve("native.can")))
        .contains("123#0102")
        .isNotEqualTo(all);
    assertThat(CanLog.frames(guest.share().resolve("native.vcan")))
        .contains("001#01")
        .doesNotContain("002#R4");
  }

  @Test
  void itsCanRefusesRingsOf256Entries() throws Exception {
    guest.assertTold("large_adapter.err", "the card is taken away");
  }

  /**
   * It takes the whole of its configuration space for what the driver selects, as QEMU writes it.
   */
  @Test
  void itsInputHasTheSameKeysAndNoSerialNumber() throws Exception {
    assertThat(left("ours.input")).contains("uniq keys-0001", "Input device name: \"Test keys\"");
    assertThat(left("native.input")).contains("uniq ", "Input device name: \"Test keys\"");
    for (String keys : List.of("ours.keys", "native.keys")) {
      assertThat(InputRecording.read(guest.share().resolve(keys)))
          .as(keys)
          .contains("1 30 1", "1 30 0")
          .hasSize(6);
    }
    assertThat(guest.share().resolve("native.input.err")).content().doesNotContain("panicked");
  }

  @Test
  void itsConsoleKeepsMostOfWhatIsPastedToItself() throws Exception {
    assertThat(left("ours.console")).containsExactly("heard hello", "told");
    assertThat(left("native.console")).doesNotContain("heard hello");
  }

  @Test
  void itsSpiEchoesAsOurs() throws Exception {
    assertThat(left("ours.spi")).containsExactly("hello-spi");
    assertThat(left("native.spi")).containsExactly("hello-spi");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
