package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Native;
import io.vhost4j.nativeio.BlockingEventFd;
import io.vhost4j.nativeio.EventFdSignal;
import io.vhost4j.nativeio.OpenFiles;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("jdk")
class EventFdTest {
  private static final int MILLIS = 20_000;

  /** Who signals: the kernel, or a thread where there is no asynchronous I/O. */
  enum Way {
    KERNEL,
    THREAD;

    EventFd create() {
      return EventFd.create(this == KERNEL);
    }

    EventFd adopt(OwnedFd fd) throws IOException {
      return EventFd.adopt(fd, this == KERNEL);
    }
  }

  /** Waits for signals, and takes them. */
  private static long take(EventFd event) {
    assertThat(event.await(MILLIS)).isTrue();
    return event.drain();
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void signalsAreThereUntilTheyAreTaken(Way way) {
    try (EventFd event = way.create()) {
      assertThat(event.drain()).isZero();
      assertThat(event.await(0)).isFalse();
      for (int i = 0; i < 3; i++) {
        event.signal();
        assertThat(take(event)).isEqualTo(1);
        assertThat(event.drain()).isZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aFullCounterWhoseHolderClearsTheFlagAfterwardsDoesNotBlock(Way way) throws Exception {
    try (EventFd event = way.create();
        OwnedFd peers = event.fd().duplicate()) {
      OpenFiles.makeBlocking(peers);
      Native.eventFdWrite(peers.number(), -2);
      event.signal();
      assertThat(event.drain()).isIn(-2L, -1L); // the kernel may use the last number too
      if (way == Way.KERNEL) { // the thread may be at it still
        assertThat(event.drain()).isZero();
        event.signal();
        assertThat(event.drain()).isEqualTo(1);
      }
      event.signal();
      assertThat(take(event)).isPositive();
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void theLastSignalArrivesWhenTheDescriptorIsClosedAtOnce(Way way) throws Exception {
    for (int i = 0; i < 100; i++) {
      try (EventFd peers = EventFd.adopt(BlockingEventFd.create())) {
        EventFd event = way.adopt(peers.fd().duplicate());
        event.signal();
        event.close();
        assertThat(take(peers)).isEqualTo(1);
      }
    }
  }

  @Test
  void signalsOfTheKernelAddUp() {
    try (EventFd event = Way.KERNEL.create()) {
      for (int i = 0; i < 10_000; i++) { // more than it keeps results for
        event.signal();
      }
      assertThat(event.drain()).isEqualTo(10_000);
    }
  }

  @Test
  void theKernelSendsSignalsHere() {
    // Or the tests of signals would prove nothing about how most are sent.
    assumeTrue(System.getProperty("os.arch").equals("amd64"));
    assertThat(EventFdSignal.available()).isTrue();
  }

  /** Whoever signals is an event loop in the middle of something else. */
  @Test
  void whereThreadsAreNeededAndThereAreNoMoreADescriptorIsRefusedAndClosed() throws Exception {
    List<EventFd> all = new ArrayList<>();
    try {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i <= FileThread.MAX_THREADS; i++) {
                  all.add(Way.THREAD.adopt(BlockingEventFd.create()));
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessage("the limit of 256 threads for notifications is reached");
      OwnedFd one = BlockingEventFd.create();
      assertThatThrownBy(() -> Way.THREAD.adopt(one)).isInstanceOf(IOException.class);
      assertThat(one.isOpen()).isFalse();
      try (EventFd own = Way.THREAD.create()) {
        assertThatThrownBy(own::signal)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("cannot signal eventfd")
            .hasMessageContaining("limit of 256 threads");
      }
    } finally {
      all.forEach(EventFd::close);
    }
    long end = System.nanoTime() + MILLIS * 1_000_000L;
    while (true) { // the threads end a moment later
      try (EventFd again = Way.THREAD.adopt(BlockingEventFd.create())) {
        again.signal();
        assertThat(take(again)).isEqualTo(1);
        return;
      } catch (IOException e) {
        assertThat(System.nanoTime()).isLessThan(end);
        Thread.sleep(1);
      }
    }
  }

  @Test
  void aDescriptorThatIsNoEventfdIsRefusedAndClosed() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    assertThatThrownBy(() -> EventFd.adopt(pair[0]))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not an eventfd but socket");
    assertThat(pair[0].isOpen()).isFalse();
    pair[1].close();
  }
}
