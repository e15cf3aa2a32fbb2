package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import io.vhost4j.audio.Allocations;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class AudioRingTest {
  /** Each step is a kind of access and a number of bytes. */
  @Property
  void whatGoesInComesOutInOrder(
      @ForAll @IntRange(min = 1, max = 64) int capacity,
      @ForAll @Size(max = 200) List<@IntRange(max = 6 * 64 - 1) Integer> steps) {
    AudioRing ring = new AudioRing(capacity);
    Memory memory = new Memory(64);
    Queue<Byte> model = new ArrayDeque<>();
    byte next = 0;
    for (int step : steps) {
      int bytes = step / 6;
      ByteBuffer buffer = ByteBuffer.allocate(bytes);
      switch (step % 6) {
        case 0 -> {
          for (int i = 0; i < bytes; i++) {
            buffer.put(i, (byte) (next + i));
          }
          ring.put(buffer);
        }
        case 1 -> {
          bytes = Math.min(bytes, ring.room());
          for (int i = 0; i < bytes; i++) {
            memory.setByte(i, (byte) (next + i));
          }
          ring.put(Memory.nativeValue(memory), bytes);
        }
        case 2 -> {
          bytes = Math.min(bytes, ring.room());
          ring.fill((byte) 77, bytes);
        }
        case 3 -> ring.take(buffer);
        case 4 -> {
          bytes = Math.min(bytes, ring.used());
          ring.take(Memory.nativeValue(memory), bytes);
          buffer.put(memory.getByteArray(0, bytes));
        }
        default -> {
          bytes = Math.min(bytes, ring.used());
          ring.skip(bytes);
        }
      }
      int kind = step % 6;
      if (kind <= 2) {
        int taken = kind == 0 ? buffer.position() : bytes;
        assertThat(taken).isEqualTo(Math.min(step / 6, capacity - model.size()));
        for (int i = 0; i < taken; i++) {
          model.add(kind == 2 ? (byte) 77 : next++);
        }
      } else {
        int given = kind == 3 ? buffer.position() : bytes;
        assertThat(given).isEqualTo(Math.min(step / 6, model.size()));
        for (int i = 0; i < given; i++) {
          byte expected = model.remove();
          if (kind != 5) {
            assertThat(buffer.get(i)).isEqualTo(expected);
          }
        }
      }
      assertThat(ring.used()).isEqualTo(model.size());
      assertThat(ring.room()).isEqualTo(capacity - model.size());
    }
    ring.free();
  }

  @Test
  @Tag("jdk")
  @SuppressWarnings("ThreadPriorityCheck") // with two processors, spinning alone takes long
  void twoThreadsPassBytesOnWithoutLossOrRepetition() {
    AudioRing ring = new AudioRing(999);
    int total = 2_000_000;
    CompletableFuture<Void> putter =
        CompletableFuture.runAsync(
            () -> {
              ByteBuffer bytes = ByteBuffer.allocateDirect(127);
              for (int put = 0; put < total; ) {
                bytes.clear();
                for (int i = 0; i < bytes.capacity(); i++) {
                  bytes.put(i, (byte) ((put + i) * 31));
                }
                bytes.limit(Math.min(bytes.capacity(), total - put));
                ring.put(bytes);
                put += bytes.position();
                if (bytes.position() == 0) {
                  Thread.yield();
                }
              }
            });
    Memory target = new Memory(256);
    for (int taken = 0; taken < total; ) {
      int bytes = Math.min(256, ring.used());
      ring.take(Memory.nativeValue(target), bytes);
      for (int i = 0; i < bytes; i++) {
        assertThat(target.getByte(i)).isEqualTo((byte) ((taken + i) * 31));
      }
      taken += bytes;
      if (bytes == 0) {
        Thread.yield();
      }
    }
    putter.join();
    ring.free();
  }

  @Test
  @Tag("jdk")
  void movingBytesAllocatesNothing() throws Exception {
    AudioRing ring = new AudioRing(999);
    ByteBuffer bytes = ByteBuffer.allocateDirect(127);
    Memory memory = new Memory(127);
    long address = Memory.nativeValue(memory);

    long allocated =
        Allocations.of(
            20_000,
            () -> {
              ring.put(bytes.clear());
              ring.take(address, 127);
              ring.put(address, 127);
              ring.take(bytes.clear());
            });

    assertThat(allocated).isLessThan(20_000); // less than a byte each: none
    ring.free();
    memory.close();
  }
}
