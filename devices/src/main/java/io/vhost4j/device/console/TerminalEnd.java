package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.event.ByteStream;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.Terminal;
import io.vhost4j.nativeio.WindowSignal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The terminal on which this process was started, or what its input and output are instead. While a
 * guest is there, every key is the guest's, Ctrl-C among them; Ctrl-] pressed three times within a
 * second is heard here, too.
 */
final class TerminalEnd implements HostEnd {
  private static final Logger log = LoggerFactory.getLogger(TerminalEnd.class);

  /** Ctrl-]. */
  private static final byte ESCAPE = 0x1d;

  private static final int FILE_TYPE_MASK = 0xf000;
  private static final int FILE_TYPE_REGULAR = 0x8000;
  private static final int ESCAPES = 3;

  /** What to do where a standard stream is of no use. */
  private static final String INSTEAD =
      "start this process on a terminal of its user, or give the console another end, such as"
          + " --console=pty";

  private static final long ESCAPE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOOK_MILLIS = 1000;

  private final @Nullable OwnedFd in;
  private final @Nullable OwnedFd out;
  private final @Nullable FileEnd file;
  private final Runnable escaped;
  private final Predicate<OwnedFd> isInBackground;
  private final long lookMillis;

  /** Where that is {@link #in}. */
  private final @Nullable OwnedFd terminal;

  private @Nullable ContextInternal context;
  private @Nullable ByteStream input;
  private @Nullable ByteStream output;
  private Runnable changed = () -> {};
  private boolean attached;
  private boolean guest;

  /** How the terminal was set before the guest had it. */
  private byte @Nullable [] cooked;

  /** It is set for the guest. */
  private boolean raw;

  /** Why it is not was said. */
  private boolean told;

  private boolean looking;
  private int escapes;
  private long firstEscape;

  /** When the port took a key last, in ns. */
  private long lastRead;

  /** Keys that nobody takes. */
  private final ByteBuffer unheard = ByteBuffer.allocateDirect(4096);

  private TerminalEnd(
      @Nullable OwnedFd in,
      @Nullable OwnedFd out,
      @Nullable FileEnd file,
      Runnable escaped,
      Predicate<OwnedFd> isInBackground,
      long lookMillis) {
    this.in = in;
    this.out = out;
    this.file = file;
    this.escaped = escaped;
    this.isInBackground = isInBackground;
    this.lookMillis = lookMillis;
    this.terminal = in != null && Terminal.isTerminal(in) ? in : null;
  }

  /**
   * Standard input and output.
   *
   * @param escaped called on the event loop when somebody wants to get away
   * @throws IOException if they cannot be used; the message says what to do
   */
  static TerminalEnd open(Runnable escaped) throws IOException {
    return open(0, 1, escaped, Terminal::isInBackground, LOOK_MILLIS);
  }

  /**
   * The same with other descriptors, which stay the caller's.
   *
   * @param isInBackground as {@link Terminal#isInBackground}
   * @param lookMillis when a terminal that other programs have is looked at again, and how long a
   *     guest may let keys wait before they are lost
   */
  static TerminalEnd open(
      int inNumber,
      int outNumber,
      Runnable escaped,
      Predicate<OwnedFd> isInBackground,
      long lookMillis)
      throws IOException {
    OwnedFd in = waits(inNumber) ? reopen(inNumber, false) : null;
    try {
      if (in != null && isInBackground.test(in)) {
        throw new IOException(
            "this process is in the background of its terminal, which it needs for the console:"
                + " start it without '&', or give it another end, such as --console=pty");
      }
      boolean outWaits = waits(outNumber);
      OwnedFd out = reopen(outNumber, true);
      if (outWaits) {
        return new TerminalEnd(in, out, null, escaped, isInBackground, lookMillis);
      }
      out.close(); // it is there and may be written, which its thread does
      return new TerminalEnd(
          in, null, FileEnd.open(file(outNumber)), escaped, isInBackground, lookMillis);
    } catch (IOException e) {
      if (in != null) {
        in.close();
      }
      throw e;
    }
  }

  private static Path file(int number) {
    return Path.of("/proc/self/fd/" + number);
  }

  /** Whether it may have to be waited for, which nobody does for a file on a disk. */
  private static boolean waits(int number) throws IOException {
    int mode;
    try {
      mode = (int) Files.getAttribute(file(number), "unix:mode");
    } catch (NoSuchFileException e) {
      return true; // it is closed, and cannot be opened
    }
    return (mode & FILE_TYPE_MASK) != FILE_TYPE_REGULAR
        && !Descriptors.describe(number).equals("/dev/null");
  }

  /** As a file of its own, so that it does not block although whoever shares it may. */
  private static OwnedFd reopen(int number, boolean forWriting) throws IOException {
    String stream = forWriting ? "standard output" : "standard input";
    String file;
    try {
      file = Descriptors.describe(number);
    } catch (NoSuchFileException e) {
      throw new IOException("%s is closed: %s".formatted(stream, INSTEAD), e);
    }
    // Where it was closed when this process began, a file of Java has its number.
    if (!(forWriting ? Descriptors.isWritable(number) : Descriptors.isReadable(number))) {
      throw new IOException(
          "%s is %s, which is not open for %s: %s"
              .formatted(stream, file, forWriting ? "writing" : "reading", INSTEAD));
    }
    try {
      return Descriptors.reopen(number, forWriting);
    } catch (NativeIoException e) {
      throw new IOException(refusal(stream, file, e), e);
    }
  }

  /** Why the file of a standard stream cannot be opened, and what to do. */
  static String refusal(String stream, String file, NativeIoException e) {
    if (e.errno() == Errno.EACCES) { // as with sudo -u, or su
      return "%s is %s, which is another user's, and this one may not open it: %s"
          .formatted(stream, file, INSTEAD);
    }
    if (file.startsWith("socket:")) {
      return "%s is %s, and sockets cannot be opened: %s".formatted(stream, file, INSTEAD);
    }
    return "%s is %s, which cannot be opened for a console (%s): %s"
        .formatted(stream, file, e.getMessage(), INSTEAD);
  }

  @Override
  public void attach(Context loop, Runnable whenChanged) throws IOException {
    context = (ContextInternal) loop;
    changed = whenChanged;
    if (in != null) {
      input = ByteStream.open(loop, in, () -> changed.run());
    }
    if (out != null) {
      output = ByteStream.open(loop, out, () -> changed.run());
    } else if (file != null) {
      file.attach(loop, whenChanged);
    }
    attached = true;
    if (out != null && Terminal.isTerminal(out)) {
      boolean unused =
          WindowSignal.onSignal(
              () -> {
                try {
                  loop.runOnContext(v -> changed.run());
                } catch (RejectedExecutionException e) {
                  // The event loop has ended.
                }
              });
    }
  }

  /** Every key is the guest's, while there is one. */
  @Override
  public void guest(boolean isThere) {
    guest = isThere;
    if (isThere) {
      boolean unused = isTheGuests();
    } else {
      giveBack();
    }
  }

  /**
   * Whether what is typed is the guest's, every key. Not while other programs have the terminal,
   * whose reader the kernel would stop: nothing tells when they have it no more.
   */
  private boolean isTheGuests() {
    OwnedFd present = terminal;
    if (!guest || present == null || !present.isOpen()) {
      return guest;
    }
    if (isInBackground.test(present)) {
      raw = false; // who has it sets it
      tell("the terminal is in use by another program: what is typed there is not the guest's");
      lookLater();
      return false;
    }
    try {
      if (!raw) {
        byte[] former = Terminal.makeRaw(present);
        cooked = cooked == null ? former : cooked;
        raw = true;
        told = false;
      }
    } catch (NativeIoException e) {
      tell("the terminal cannot be set: " + e.getMessage());
    }
    return true;
  }

  /** Once, until it is otherwise. */
  private void tell(String what) {
    if (!told) {
      told = true;
      log.warn("{}", what);
    }
  }

  private void lookLater() {
    ContextInternal loop = context;
    if (loop != null && !looking) {
      looking = true;
      long unused =
          loop.setTimer(
              lookMillis,
              timer -> {
                looking = false;
                changed.run();
              });
    }
  }

  private void giveBack() {
    byte[] former = cooked;
    cooked = null;
    raw = false;
    try {
      if (terminal != null && former != null && !isInBackground.test(terminal)) {
        Terminal.restore(terminal, former);
      }
    } catch (NativeIoException e) {
      tell("the terminal cannot be set: " + e.getMessage());
    }
  }

  @Override
  public boolean isOpen() {
    return attached;
  }

  @Override
  public int read(ByteBuffer target) {
    ByteStream present = input;
    int start = target.position();
    // Without a guest it is for whoever has the terminal next.
    int count = present == null || !isTheGuests() ? 0 : present.read(target);
    if (count > 0) {
      lastRead = System.nanoTime();
      see(target, start);
    }
    return Math.max(0, count); // at its end there is nothing more
  }

  /** Whoever wants to get away from a guest that takes nothing is heard behind all he has typed. */
  @Override
  public void full() {
    ByteStream present = input;
    if (present == null || !isTheGuests() || !raw) {
      return;
    }
    if (System.nanoTime() - lastRead < TimeUnit.MILLISECONDS.toNanos(lookMillis)) {
      lookLater(); // it may just be slow
    } else if (present.read(unheard.clear()) > 0) {
      see(unheard, 0);
      present.again();
    }
  }

  private void see(ByteBuffer keys, int start) {
    for (int i = start; raw && i < keys.position(); i++) {
      see(keys.get(i));
    }
  }

  private void see(byte key) {
    if (key != ESCAPE) {
      escapes = 0;
      return;
    }
    long now = System.nanoTime();
    if (escapes == 0 || now - firstEscape > ESCAPE_NANOS) {
      escapes = 0;
      firstEscape = now;
    }
    if (++escapes == ESCAPES) {
      escapes = 0;
      escaped.run();
    }
  }

  @Override
  public void write(ByteBuffer source) {
    if (output != null) {
      int unused = output.write(source);
    } else if (file != null) {
      file.write(source);
    }
  }

  @Override
  public Terminal.@Nullable Size size() {
    return out == null || !out.isOpen() ? null : Terminal.size(out);
  }

  @Override
  public void close(ByteBuffer rest) {
    guest(false);
    changed = () -> {};
    close(input, in);
    close(output, out);
    if (file != null) {
      file.close(rest);
    }
  }

  private static void close(@Nullable ByteStream stream, @Nullable OwnedFd fd) {
    if (stream != null) {
      stream.close();
    } else if (fd != null) {
      fd.close();
    }
  }
}
