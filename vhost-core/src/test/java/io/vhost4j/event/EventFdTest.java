package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Native;
import io.vhost4j.nativeio.EventFdSignals;
import io.vhost4j.nativeio.OpenFiles;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EventFdTest {
  @Test
  void signalsAddUpUntilTheyAreTaken() {
    try (EventFd event = EventFd.create()) {
      assertThat(event.drain()).isZero();
      assertThat(event.await(0)).isFalse();
      event.signal();
      event.signal();
      assertThat(event.await(-1)).isTrue();
      assertThat(event.drain()).isEqualTo(2);
      assertThat(event.drain()).isZero();
    }
  }

  @Test
  @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aFullCounterWhoseHolderClearsTheFlagAfterwardsDoesNotBlock() throws Exception {
    try (EventFd event = EventFd.create();
        OwnedFd peers = event.fd().duplicate()) {
      OpenFiles.makeBlocking(peers);
      Native.eventFdWrite(peers.number(), -2);
      event.signal();
      assertThat(event.drain()).isIn(-2L, -1L); // the kernel may use the last number too
      assertThat(event.drain()).isZero();
      event.signal();
      assertThat(event.drain()).isEqualTo(1);
    }
  }

  @Test
  void moreSignalsThanTheKernelKeepsResultsForAllArrive() {
    try (EventFd event = EventFd.create()) {
      for (int i = 0; i < 10_000; i++) {
        event.signal();
      }
      assertThat(event.drain()).isEqualTo(10_000);
    }
  }

  @Test
  void theKernelSendsSignalsHere() {
    // Or the tests of signals would prove nothing about how most are sent.
    assumeTrue(System.getProperty("os.arch").equals("amd64"));
    assertThat(EventFdSignals.available()).isTrue();
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
