package io.vhost4j.device.i2c;

import io.vhost4j.device.DeviceOptionException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The value of {@code --device-list}: buses, and the addresses there that a driver may use. */
final class I2cDeviceList {
  /** The name of a bus without hardware. */
  static final String SIMULATED = "sim";

  private static final int LAST_OF_10_BITS = 0x3ff;

  private I2cDeviceList() {}

  /**
   * The addresses of each bus, in the order given.
   *
   * @param text {@code BUS:ADDR[:ADDR]...[,BUS:...]}; names of buses may have colons, too
   */
  static Map<String, Set<Integer>> parse(String text) throws DeviceOptionException {
    Map<String, Set<Integer>> buses = new LinkedHashMap<>();
    Set<Integer> all = new HashSet<>();
    for (String entry : text.split(",", -1)) {
      List<String> words = List.of(entry.split(":", -1));
      int first = words.size();
      while (first > 1 && isNumber(words.get(first - 1))) {
        first--;
      }
      String bus = String.join(":", words.subList(0, first)).strip();
      if (bus.isEmpty() || first == words.size()) {
        throw new DeviceOptionException(
            "--device-list=%s: '%s' is not BUS:ADDR, such as 6:32 or 6:0x20"
                .formatted(text, entry));
      }
      Set<Integer> addresses = buses.computeIfAbsent(bus, key -> new TreeSet<>());
      for (String word : words.subList(first, words.size())) {
        int address = Integer.decode(decimal(word));
        if (address > LAST_OF_10_BITS) {
          throw new DeviceOptionException(
              "--device-list=%s: there is no address %s: possible are 0 to 127, and to 1023 where"
                      .formatted(text, word)
                  + " the bus has addresses of 10 bits");
        }
        if (!all.add(address)) {
          throw new DeviceOptionException(
              "--device-list=%s has the address %s twice: to a driver all buses are one"
                  .formatted(text, word));
        }
        addresses.add(address);
      }
    }
    return buses;
  }

  private static boolean isNumber(String word) {
    return word.matches("[0-9]{1,5}|0[xX][0-9a-fA-F]{1,4}");
  }

  /** Numbers with zeros in front are decimal, as the native daemon has it. */
  private static String decimal(String word) {
    return word.matches("[0-9]+") ? word.replaceFirst("^0+(?=.)", "") : word;
  }
}
