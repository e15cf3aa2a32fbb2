package io.vhost4j.testkit;

import static io.vhost4j.testkit.RawRing.NEXT;
import static io.vhost4j.testkit.RawRing.WRITE;

import io.vhost4j.device.VirtioFeature;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.testkit.HostileSuite.Sample;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** All attacks. */
final class Attacks {
  private static final int PAGE = 4096;

  /** Each length up to this one is tried. */
  private static final int SHORT = 40;

  private static final int RANDOM_REQUESTS = 400;

  /** Fields of a sample that get extreme values: whatever follows is data. */
  private static final int FIELD_BYTES = 48;

  private static final int FLOOD = 3000;

  /** What a device may hold on to after a flood; a hundred bytes for each request are more. */
  private static final long MAX_GROWTH = 1 << 20;

  private static final List<Attack> ALL = new ArrayList<>();

  private Attacks() {}

  static List<Attack> all() {
    return ALL;
  }

  private static void everywhere(String name, Attack.Body body) {
    ALL.add(new Attack(name, true, true, body));
  }

  private static void inProcess(String name, Attack.Body body) {
    ALL.add(new Attack(name, true, false, body));
  }

  private static void overSocket(String name, Attack.Body body) {
    ALL.add(new Attack(name, false, true, body));
  }

  static {
    for (Malformation malformation : Malformation.values()) {
      everywhere(
          "ring_" + malformation.name().toLowerCase(Locale.ROOT),
          battle -> malform(battle, malformation));
    }
    everywhere("ringsWithRandomContents", Attacks::scribble);
    inProcess("requestsOfEveryLength", Attacks::everyLength);
    inProcess("requestsInPieces", Attacks::pieces);
    inProcess("extremeNumbersInEachPlaceOfARequest", Attacks::extremeNumbers);
    inProcess("randomBytesAsRequests", Attacks::randomRequests);
    inProcess("samplesWithTurnedBits", Attacks::turnedBits);
    everywhere("memoryTruncatedUnderARequest", Attacks::truncate);
    everywhere("queuesStoppedAndStartedWithRequestsUnderWay", Attacks::stopWithRequests);
    everywhere("resetsWithRequestsUnderWay", Attacks::resetWithRequests);
    everywhere("disconnectionsWithRequestsUnderWay", Attacks::disconnectWithRequests);
    everywhere("disabledQueuesGiveNothing", Attacks::disabled);
    everywhere("queuesDisabledWithRequestsUnderWay", Attacks::disableWithRequests);
    everywhere("eachSetOfFeatures", Attacks::features);
    everywhere("configurationReadAtEachPlace", Attacks::readConfig);
    everywhere("configurationWrittenAtEachPlace", Attacks::writeConfig);
    inProcess("aFloodOfRequestsLeavesNoMemoryBehind", Attacks::floodOfRequests);
    everywhere("aFloodOfKicksResetsAndBrokenRings", Attacks::floodOfTrouble);
    overSocket("frontendsThatVanishAtEachStep", Messages::vanish);
    overSocket("frontendsThatSayGarbage", Messages::garbage);
  }

  // Rings

  private static void malform(Battle battle, Malformation malformation) throws Exception {
    for (int i = 0; i < battle.queueCount(); i++) {
      malformation.make(new RawRing(battle.guest(), battle.queue(i)));
      battle.queue(i).kick();
      battle.requireNeighbourServed();
      battle.queue(i).kick();
      battle.restart();
    }
  }

  private static void scribble(Battle battle) throws Exception {
    for (int k = 0; k < 50; k++) {
      for (int i = 0; i < battle.queueCount(); i++) {
        new RawRing(battle.guest(), battle.queue(i)).scribble(battle.random);
        battle.queue(i).kick();
      }
      battle.restart();
    }
  }

  // Requests

  private static void everyLength(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      byte[] readable = sample.readable();
      for (int length : lengths(readable.length)) {
        byte[] cut = Arrays.copyOf(readable, length);
        battle.offer(sample.queue(), cut, sample.writableBytes(), Integer.MAX_VALUE);
        battle.offer(sample.queue(), cut, 0, Integer.MAX_VALUE);
      }
      for (int length : lengths(sample.writableBytes())) {
        battle.offer(sample.queue(), readable, length, Integer.MAX_VALUE);
        battle.offer(sample.queue(), new byte[0], length, Integer.MAX_VALUE);
      }
      battle.restart();
    }
  }

  private static List<Integer> lengths(int right) {
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i <= Math.min(right + 1, SHORT); i++) {
      all.add(i);
    }
    all.addAll(List.of(right, right + 1, right + PAGE, right + (1 << 18)));
    if (right > SHORT) {
      all.addAll(List.of(right / 2, right - 1));
    }
    return all;
  }

  private static void pieces(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      int bytes = sample.readable().length + sample.writableBytes();
      int smallest = bytes / 500 + 1; // an indirect table has so many entries
      for (int piece : new int[] {smallest, smallest + 1, smallest + 2, 7 * smallest}) {
        battle.offer(sample.queue(), sample.readable(), sample.writableBytes(), piece);
      }
      battle.restart();
    }
  }

  private static void extremeNumbers(Battle battle) throws Exception {
    int[] words = {0, 1, 0x7fff_ffff, 0x8000_0000, -1, 0xffff, 0x1_0000, 0xff};
    for (Sample sample : battle.samples()) {
      int end = Math.min(sample.readable().length, FIELD_BYTES);
      for (int at = 0; at + 1 <= end; at++) {
        for (int word : words) {
          byte[] forged = sample.readable().clone();
          ByteBuffer bytes = ByteBuffer.wrap(forged).order(ByteOrder.LITTLE_ENDIAN);
          if (at + 4 <= forged.length && at % 4 == 0) {
            bytes.putInt(at, word);
          } else if (at + 2 <= forged.length && at % 2 == 0) {
            bytes.putShort(at, (short) word);
          } else {
            bytes.put(at, (byte) word);
          }
          battle.offer(sample.queue(), forged, sample.writableBytes(), Integer.MAX_VALUE);
        }
      }
      battle.restart();
    }
  }

  private static void randomRequests(Battle battle) throws Exception {
    Random random = battle.random;
    for (int i = 0; i < battle.queueCount(); i++) {
      for (int k = 0; k < RANDOM_REQUESTS; k++) {
        byte[] bytes = new byte[random.nextInt(random.nextInt(8) == 0 ? 3000 : 80)];
        random.nextBytes(bytes);
        int room = random.nextInt(random.nextInt(8) == 0 ? 3000 : 80);
        battle.offer(i, bytes, room, 1 + (bytes.length + room) / (1 + random.nextInt(8)));
      }
      battle.requireNeighbourServed();
    }
  }

  private static void turnedBits(Battle battle) throws Exception {
    Random random = battle.random;
    List<Sample> samples = battle.samples();
    for (int k = 0; k < RANDOM_REQUESTS; k++) {
      Sample sample = samples.get(random.nextInt(samples.size()));
      byte[] bytes = sample.readable().clone();
      for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      int room = Math.max(0, sample.writableBytes() + random.nextInt(3) - 1);
      battle.offer(sample.queue(), bytes, room, Integer.MAX_VALUE);
    }
  }

  // Memory

  /** What is gone of a request. */
  private enum Cut {
    ALL,
    ROOM,
    HALF,
    RING
  }

  private static void truncate(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      for (Cut cut : Cut.values()) {
        for (boolean underWay : new boolean[] {false, true}) {
          truncate(battle, sample, cut, underWay);
        }
      }
    }
  }

  private static void truncate(Battle battle, Sample sample, Cut cut, boolean underWay)
      throws Exception {
    GuestQueue queue = battle.queue(sample.queue());
    RawRing ring = new RawRing(battle.guest(), queue);
    byte[] readable = sample.readable();
    long end = ring.buffer() + PAGE * (1L + readable.length / PAGE); // of what is left
    long request =
        switch (cut) {
          case ALL -> end;
          case HALF -> end - readable.length / 2;
          case ROOM, RING -> end - readable.length;
        };
    long room =
        readable.length == 0 && cut == Cut.HALF
            ? end - sample.writableBytes() / 2
            : end + PAGE * (1L + readable.length / PAGE);
    battle.guest().memory().write(request, ByteBuffer.wrap(readable));
    boolean hasRoom = sample.writableBytes() > 0;
    if (readable.length > 0) {
      ring.descriptor(0, request, readable.length, hasRoom ? NEXT : 0, 1);
    } else {
      ring.descriptor(0, room, sample.writableBytes(), WRITE, 0);
    }
    ring.descriptor(1, room, sample.writableBytes(), WRITE, 0).offer(0);
    if (underWay) {
      queue.kick();
    }
    battle.guest().truncate(cut == Cut.RING ? 0 : end);
    queue.kick();
    battle.requireNeighbourServed();
    battle.reconnect();
    battle.requireWorks();
  }

  // The life of queues

  private static void fill(Battle battle, Sample sample) throws Exception {
    for (int k = 0; k < 4; k++) {
      battle.offer(sample.queue(), sample.readable(), sample.writableBytes(), Integer.MAX_VALUE);
    }
  }

  private static void stopWithRequests(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      fill(battle, sample);
      for (int k = 0; k < 3; k++) { // as a pause of the guest does
        battle.stop(sample.queue());
        Guest.await(battle.queue(sample.queue()).start());
      }
      battle.restart();
      battle.requireWorks();
      battle.restart();
    }
  }

  private static void resetWithRequests(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      fill(battle, sample);
      Guest.await(battle.guest().reset());
      battle.begin();
      battle.requireWorks();
      battle.restart();
    }
  }

  private static void disconnectWithRequests(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      fill(battle, sample);
      battle.reconnect();
      battle.requireWorks();
      battle.restart();
    }
  }

  private static void disabled(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      battle.restart();
      GuestQueue queue = battle.queue(sample.queue());
      battle.stop(sample.queue());
      Guest.await(queue.start(false));
      fill(battle, sample);
      battle.requireNeighbourServed(); // and turns of the loop pass
      battle.stop(sample.queue());
      if (queue.base() != 0 || queue.usedIndex() != 0) {
        throw new AssertionError("buffers were taken from the disabled queue " + sample.queue());
      }
      Guest.await(queue.start());
    }
  }

  private static void disableWithRequests(Battle battle) throws Exception {
    for (Sample sample : battle.samples()) {
      fill(battle, sample);
      GuestQueue queue = battle.queue(sample.queue());
      Guest.await(queue.enable(false));
      int used = queue.usedIndex();
      battle.requireNeighbourServed(); // and turns of the loop pass
      if (queue.usedIndex() != used) {
        throw new AssertionError("buffers were returned to the disabled queue " + sample.queue());
      }
      battle.stop(sample.queue());
      Guest.await(queue.start());
      battle.restart();
    }
  }

  // Features and configuration

  private static void features(Battle battle) throws Exception {
    long rings = VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;
    long offered = battle.guest().offered();
    long ofDevice = offered & ~(rings | VirtioFeature.VERSION_1);
    List<Long> sets = new ArrayList<>(List.of(ofDevice));
    if (ofDevice != 0) {
      sets.add(0L);
      for (long rest = ofDevice; rest != 0; rest &= rest - 1) {
        sets.add(Long.lowestOneBit(rest));
        sets.add(ofDevice & ~Long.lowestOneBit(rest));
      }
    }
    for (long set : sets) {
      for (long ring :
          new long[] {0, VirtioFeature.INDIRECT_DESC, VirtioFeature.EVENT_IDX, rings}) {
        Guest.await(battle.guest().disconnect());
        battle.guest().connect();
        battle.guest().acknowledge(set | ring | VirtioFeature.VERSION_1);
        battle.begin();
        battle.requireWorks();
        battle.restart();
      }
    }
    for (int bit = 0; bit < 64; bit++) {
      long unknown = 1L << bit & ~offered;
      if (unknown != 0 && bit != 26 && bit != 30) { // which are vhost-user's own
        requireRefused("features that are not offered", () -> battle.guest().acknowledge(unknown));
      }
    }
  }

  private interface Request {
    void run() throws Exception;
  }

  private static void requireRefused(String what, Request request) throws Exception {
    try {
      request.run();
    } catch (RefusedException e) {
      return;
    }
    throw new AssertionError(what + ": not refused");
  }

  private static int configSize(Battle battle) throws Exception {
    int size = 0;
    try {
      while (size < PAGE) {
        byte[] unused = battle.guest().readConfig(size + 1, 1);
        size++;
      }
    } catch (RefusedException e) {
      // There it ends.
    }
    return size;
  }

  private static void readConfig(Battle battle) throws Exception {
    int size = configSize(battle);
    for (int offset = 0; offset <= size; offset++) {
      for (int length : new int[] {1, 2, 3, 4, 8, size - offset, size - offset + 1, size, 256}) {
        byte[] bytes = length < 1 ? new byte[0] : battle.guest().readConfig(offset, length);
        byte[] beyond = new byte[Math.max(0, bytes.length - (size - offset))];
        byte[] end = Arrays.copyOfRange(bytes, bytes.length - beyond.length, bytes.length);
        if (!Arrays.equals(end, beyond)) {
          throw new AssertionError(
              "%d bytes of the configuration from %d on are not zero behind its end"
                  .formatted(length, offset));
        }
      }
    }
    for (int offset : new int[] {size + 1, PAGE, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
      requireRefused("offset " + offset, () -> battle.guest().readConfig(offset, 1));
      requireRefused("offset " + offset, () -> battle.guest().writeConfig(offset, new byte[1]));
    }
  }

  private static void writeConfig(Battle battle) throws Exception {
    int size = configSize(battle);
    byte[] before = size == 0 ? new byte[0] : battle.guest().readConfig(0, size);
    for (int offset = 0; offset <= size; offset++) {
      for (int length : new int[] {1, 2, 4, 8, size - offset, size - offset + 1, 256}) {
        byte[] bytes = new byte[Math.max(1, length)];
        battle.random.nextBytes(bytes);
        battle.guest().writeConfig(offset, bytes);
        Arrays.fill(bytes, (byte) -1);
        battle.guest().writeConfig(offset, bytes);
      }
      battle.requireNeighbourServed();
    }
    if (size > 0) {
      battle.guest().writeConfig(0, before);
    }
  }

  // Floods

  private static void floodOfRequests(Battle battle) throws Exception {
    long before = 0;
    for (int round = 0; round < 5; round++) {
      for (Sample sample : battle.samples()) {
        for (int k = 0; k < FLOOD / battle.samples().size(); k++) {
          battle.offer(
              sample.queue(), sample.readable(), sample.writableBytes(), Integer.MAX_VALUE);
        }
      }
      battle.requireNeighbourServed();
      battle.restart();
      if (round == 0) {
        before = usedMemory();
      }
    }
    long growth = usedMemory() - before;
    if (growth > MAX_GROWTH) {
      throw new AssertionError(
          "%d requests have left %d bytes behind".formatted(4 * FLOOD, growth));
    }
  }

  private static long usedMemory() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void floodOfTrouble(Battle battle) throws Exception {
    for (int k = 0; k < 100; k++) {
      for (int i = 0; i < battle.queueCount(); i++) {
        battle.queue(i).kick();
        if (k % 2 == 0) {
          new RawRing(battle.guest(), battle.queue(i)).offer(battle.queue(i).size() + k);
          battle.queue(i).kick();
        }
      }
      if (k % 10 == 9) {
        battle.reconnect();
      } else {
        battle.restart();
      }
    }
  }
}
