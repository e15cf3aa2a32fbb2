package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.epoll.Native;
import io.vhost4j.nativeio.BlockingEventFd;
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
  void aFullCounterOfAPeerThatUsesBlockingWritesDoesNotBlock() throws Exception {
    OwnedFd blocking = BlockingEventFd.create();
    try (EventFd event = EventFd.adopt(blocking)) {
      Native.eventFdWrite(blocking.number(), -2);
      event.signal();
      assertThat(event.drain()).isEqualTo(-2);
      assertThat(event.drain()).isZero();
      event.signal();
      assertThat(event.drain()).isEqualTo(1);
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
