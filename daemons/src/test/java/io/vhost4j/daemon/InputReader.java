package io.vhost4j.daemon;

/** What guests' scripts do with event devices. */
final class InputReader {
  /** Functions of busybox's shell; {@code evtest} lies in the directory of the script. */
  static final String PRELUDE =
      """
      # node NAME: the event device of that name
      node() {
        for each in /sys/class/input/event*; do
          if [ "$(cat $each/device/name)" = "$1" ]; then echo /dev/input/${each##*/}; return; fi
        done
        return 1
      }
      # describe NODE FILE: all that a program can ask of it
      describe() {
        sys=/sys/class/input/${1##*/}/device
        echo "uniq $(cat $sys/uniq)" >$2
        echo "properties $(cat $sys/properties)" >>$2
        timeout -s INT 1 ./evtest $1 | grep -Ev 'interrupt|^Event:' >>$2
      }
      # is_on NODE TYPE CODE, by their names
      is_on() { ./evtest --query $1 $2 $3; [ $? -eq 10 ]; }
      # light NODE CODE VALUE: a frame; codes and values of one digit
      eight="\\0\\0\\0\\0\\0\\0\\0\\0"
      light() { printf "$eight$eight\\021\\0\\\\$2\\0\\\\$3\\0\\0\\0$eight$eight$eight" >$1; }
      # take N FILE: appends the next N events of descriptor 3
      take() { dd bs=24 count=$1 iflag=fullblock <&3 >>$2 2>/dev/null; }
      """;

  private InputReader() {}
}
