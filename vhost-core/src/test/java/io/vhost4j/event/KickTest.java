package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.unix.FileDescriptor;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KickTest {
  /** What is read may have been a kick that came after the handler's call, and woke nobody. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theHandlerIsCalledOnceMoreWhenAPipeOrSocketHasBeenRead(boolean socket) throws Exception {
    try (OnLoop loop = new OnLoop();
        Ends ends = socket ? Ends.ofSocket() : Ends.ofPipe()) {
      Kick kick = Kick.adopt(ends.reading);
      AtomicBoolean read = new AtomicBoolean();
      loop.run(
          () ->
              kick.watch(
                  loop.context,
                  () -> {
                    if (isEmpty(ends.reading)) {
                      read.set(true);
                    } else {
                      await(() -> isEmpty(ends.reading)); // read while the handler is at work
                    }
                  }));
      ends.kick();
      await(read::get);
      loop.run(kick::close);
    }
  }

  private static boolean isEmpty(OwnedFd fd) {
    try {
      return !Descriptors.awaitReadable(fd.number(), 0);
    } catch (NativeIoException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("10 s").isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private record Ends(OwnedFd writing, OwnedFd reading) implements AutoCloseable {
    static Ends ofPipe() throws Exception {
      FileDescriptor[] pipe = FileDescriptor.pipe(); // reading, writing
      return new Ends(new OwnedFd(pipe[1].intValue()), new OwnedFd(pipe[0].intValue()));
    }

    static Ends ofSocket() throws Exception {
      OwnedFd[] pair = UnixSocket.pair();
      return new Ends(pair[0], pair[1]);
    }

    void kick() {
      try {
        ByteBuffer one = EventFd.counter(1);
        assertThat(new FileDescriptor(writing.number()).write(one, 0, Long.BYTES)).isEqualTo(8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      writing.close();
    }
  }
}
