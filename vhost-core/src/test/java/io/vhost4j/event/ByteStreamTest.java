package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class ByteStreamTest {
  private final OnLoop loop = new OnLoop();
  private final AtomicInteger calls = new AtomicInteger();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

  @AfterEach
  void close() throws Exception {
    loop.close();
  }

  private ByteStream open(OwnedFd fd) throws Exception {
    return loop.call(() -> ByteStream.open(loop.context, fd, calls::incrementAndGet));
  }

  private int read(ByteStream stream, int limit) throws Exception {
    return loop.call(() -> stream.read(buffer.clear().limit(limit)));
  }

  private int write(ByteStream stream, int bytes) throws Exception {
    return loop.call(() -> stream.write(buffer.clear().limit(bytes)));
  }

  @Test
  void whoHasReadAllHearsOfTheNextBytes() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    ByteStream here = open(pair[0]);
    ByteStream there = open(pair[1]);
    loop.settle();
    assertThat(read(here, 10)).isZero();
    int before = calls.get();
    assertThat(write(there, 5)).isEqualTo(5);
    loop.settle();
    assertThat(calls.get()).isGreaterThan(before);
    assertThat(read(here, 3)).isEqualTo(3);
    assertThat(read(here, 3)).isEqualTo(2);
    assertThat(read(here, 3)).isZero();
    loop.run(here::close);
    loop.run(there::close);
  }

  @Test
  void whoFindsNoRoomHearsWhenThereIsSome() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    ByteStream here = open(pair[0]);
    ByteStream there = open(pair[1]);
    loop.settle();
    int sent = 0;
    for (int count = write(here, 1 << 16); count > 0; count = write(here, 1 << 16)) {
      sent += count;
    }
    assertThat(sent).isGreaterThan(1000);
    loop.settle();
    int before = calls.get();
    int got = 0;
    for (int count = read(there, 1 << 16); count > 0; count = read(there, 1 << 16)) {
      got += count;
    }
    assertThat(got).isEqualTo(sent);
    loop.settle();
    assertThat(calls.get()).isGreaterThan(before);
    assertThat(write(here, 100)).isEqualTo(100);
    loop.run(here::close);
    loop.run(there::close);
  }

  @Test
  void whoeverIsGoneIsNoError() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    ByteStream here = open(pair[0]);
    ByteStream there = open(pair[1]);
    loop.settle();
    assertThat(write(there, 4)).isEqualTo(4);
    loop.run(there::close);
    loop.settle();
    assertThat(Descriptors.isHungUp(here.fd().number())).isTrue();
    assertThat(write(here, 1)).isEqualTo(ByteStream.GONE);
    assertThat(read(here, 100)).isEqualTo(4);
    assertThat(read(here, 100)).isEqualTo(ByteStream.GONE);
    loop.run(here::close);
  }

  @Test
  void whoAsksForAnotherTurnGetsOne() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    ByteStream here = open(pair[0]);
    loop.settle();
    int before = calls.get();
    loop.settle();
    assertThat(calls.get()).as("an idle stream is silent").isEqualTo(before);
    for (int i = 1; i <= 5; i++) {
      loop.run(here::again);
      loop.settle();
      assertThat(calls.get()).isEqualTo(before + i);
    }
    loop.run(here::close);
    pair[1].close();
  }
}
