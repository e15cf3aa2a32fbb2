package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_LED;
import static io.vhost4j.device.input.Codes.EV_SND;
import static io.vhost4j.device.input.Codes.EV_SYN;
import static io.vhost4j.device.input.Codes.SYN_DROPPED;

import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceException;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A device of the host. It is read while a driver wants its events; meanwhile the kernel keeps
 * some. One that was unplugged is waited for: it lets all keys go, and when the same device is
 * back, it goes on.
 */
final class EvdevHost implements InputHost {
  /** Opens the device anew. Blocks. */
  @FunctionalInterface
  interface Opener {
    Evdev open() throws DeviceException;
  }

  private static final long RETRY_MILLIS = 1000;

  /** A device that never ends leaves the loop to others in between. */
  private static final int READS_PER_TURN = 16;

  /** More than the kernel keeps for a reader. */
  private static final int MOST_STALE_READS = 1024;

  private final String path;
  private final Opener opener;
  private final boolean grab;
  private final long retryMillis;
  private final InputDescription description;

  /** Null while the device is gone. */
  private @Nullable Evdev device;

  /* While a driver wants events. */
  private @Nullable DeviceContext context;
  private @Nullable EventFrames frames;
  private @Nullable FdRegistration registration;
  private @Nullable Long timer;
  private boolean grabbed;

  /** The next driver is a new one. */
  private boolean fresh = true;

  /** A thread opens the device: one at a time, however often a driver starts and stops. */
  private boolean opening;

  /** Counts the starts, so that a device that is opened late does not go to the next one. */
  private int run;

  private boolean closed;
  private String told = "";

  /* What the driver has switched on, by code. */
  private long lights;
  private long sounds;

  private volatile long losses;

  /**
   * Opens the device. Blocks.
   *
   * @param path names it for people
   * @param grab whether other programs shall not have its events while a driver has
   * @throws DeviceException if it cannot be had
   */
  static EvdevHost open(String path, boolean grab, Opener opener, long retryMillis)
      throws DeviceException {
    Evdev device = opener.open();
    try {
      if (grab) {
        device.grab(true);
        device.grab(false);
      }
      return new EvdevHost(path, grab, opener, retryMillis, device, device.describe());
    } catch (NativeIoException e) {
      device.close();
      throw new DeviceException(
          e.errno() == Errno.EBUSY
              ? "another program has taken %s for itself: end it ('fuser %s' tells which)"
                  .formatted(path, path)
              : "%s: %s".formatted(path, e.getMessage()));
    }
  }

  /** As {@link #open(String, boolean, Opener, long)}, tried again each second when it is gone. */
  static EvdevHost open(Path path, boolean grab) throws DeviceException {
    return open(path.toString(), grab, () -> Evdev.open(path), RETRY_MILLIS);
  }

  private EvdevHost(
      String path,
      boolean grab,
      Opener opener,
      long retryMillis,
      Evdev device,
      InputDescription description) {
    this.path = path;
    this.grab = grab;
    this.opener = opener;
    this.retryMillis = retryMillis;
    this.device = device;
    this.description = description;
  }

  @Override
  public InputDescription description() {
    return description;
  }

  @Override
  public long losses() {
    return losses;
  }

  private DeviceContext context() {
    return Objects.requireNonNull(context, "no driver wants events");
  }

  private EventFrames frames() {
    return Objects.requireNonNull(frames, "no driver wants events");
  }

  @Override
  public void start(DeviceContext engine, EventFrames taker) {
    context = engine;
    frames = taker;
    run++;
    if (device == null) {
      release();
      retryLater();
    } else {
      watch(device);
    }
  }

  /** There is no device to hold anything. */
  private void release() {
    if (fresh) {
      fresh = false;
      frames().beginReleased();
    } else {
      frames().release();
    }
    frames().deliver();
  }

  @Override
  public void stop() {
    unwatch();
    if (timer != null) {
      boolean unused = context().context().owner().cancelTimer(timer);
      timer = null;
    }
    Evdev present = device;
    if (grabbed && present != null) {
      try {
        present.grab(false);
      } catch (NativeIoException e) {
        // It is gone, which the next start finds out.
      }
    }
    grabbed = false;
    context = null;
    frames = null;
  }

  private void unwatch() {
    if (registration != null) {
      registration.close();
      registration = null;
    }
  }

  /** Goes on with the events of an open device. */
  private void watch(Evdev present) {
    try {
      if (grab && !grabbed) {
        grab(present);
      }
      if (fresh) {
        dropStale(present);
        frames().begin(present.state(description));
        fresh = false;
      }
      for (int code = 0; code < Long.SIZE; code++) { // of a device that was away
        if ((lights & 1L << code) != 0) {
          present.write(EV_LED, code, 1);
        }
      }
      registration =
          FdRegistration.open(
              context().context(),
              present.watchable(),
              FdRegistration.Interest.READ_LEVEL,
              this::ready);
    } catch (IOException e) {
      lost(e);
    }
    frames().deliver();
  }

  /** Events for nobody, or so old that the state says more. */
  private static void dropStale(Evdev present) throws IOException {
    for (int i = 0; i < MOST_STALE_READS && present.read() > 0; i++) {
      // they are gone
    }
  }

  private void grab(Evdev present) throws NativeIoException {
    try {
      present.grab(true);
      grabbed = true;
    } catch (NativeIoException e) {
      if (e.errno() != Errno.EBUSY) {
        throw e;
      }
      tell(
          "another program has taken %s for itself, and its events with it: end it ('fuser %s'"
                  .formatted(path, path)
              + " tells which)");
      retryLater();
    }
  }

  /** Once, and not again with each try. */
  private void tell(String what) {
    if (!what.equals(told)) {
      told = what;
      context().log().warn("{}", what);
    }
  }

  private void ready() {
    Evdev present = device;
    if (present == null || frames == null) {
      return;
    }
    try {
      boolean complete = true;
      int count = present.read();
      for (int i = 1; count > 0 && complete; i++) {
        complete = take(present, count);
        count = i < READS_PER_TURN ? present.read() : 0;
      }
      if (!complete) {
        dropStale(present);
        frames().resync(present.state(description));
      }
    } catch (IOException e) {
      lost(e);
    }
    frames().deliver();
  }

  /** Returns false if the kernel has dropped events: what is left is of no use. */
  private boolean take(Evdev present, int count) {
    for (int i = 0; i < count; i++) {
      int type = present.type(i);
      if (type == EV_SYN && present.code(i) == SYN_DROPPED) {
        return false;
      }
      frames().event(type, present.code(i), present.value(i));
    }
    return true;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the loop writes
  private void lost(IOException reason) {
    unwatch();
    closeDevice();
    losses++;
    boolean unplugged = reason instanceof NativeIoException e && e.errno() == Errno.ENODEV;
    tell(
        "%s (%s) %s; it is waited for"
            .formatted(
                path,
                description,
                unplugged ? "was unplugged" : "cannot be used: " + reason.getMessage()));
    release();
    retryLater();
  }

  private void closeDevice() {
    if (device != null) {
      device.close();
      device = null;
    }
    grabbed = false;
  }

  private void retryLater() {
    if (timer == null) {
      timer = ((ContextInternal) context().context()).setTimer(retryMillis, id -> retry());
    }
  }

  private void retry() {
    timer = null;
    Evdev present = device;
    if (present == null) {
      reopen();
      return;
    }
    try {
      grab(present);
      if (grabbed) {
        context().log().info("{} is taken now", path);
        told = "";
        dropStale(present); // who had it had all others, too
        frames().resync(present.state(description));
        frames().deliver();
      }
    } catch (IOException e) {
      lost(e);
    }
  }

  private record Opened(Evdev device, InputDescription description) {}

  /** Not on the event loop: a device may take its time to wake. */
  private void reopen() {
    if (opening) {
      retryLater();
      return;
    }
    opening = true;
    int mine = run;
    ((ContextInternal) context().context())
        .executeBlocking(
            () -> {
              if (Files.notExists(Path.of(path))) {
                throw new NoSuchFileException(path);
              }
              Evdev opened = opener.open();
              try {
                return new Opened(opened, opened.describe());
              } catch (NativeIoException e) {
                opened.close();
                throw e;
              }
            },
            false)
        .onComplete(
            opened -> {
              opening = false;
              if (mine != run || context == null || device != null || closed) {
                if (opened.succeeded()) {
                  opened.result().device.close();
                }
              } else if (opened.failed()) {
                if (!(opened.cause() instanceof NoSuchFileException)) {
                  tell(String.valueOf(opened.cause().getMessage()));
                }
                retryLater();
              } else {
                returned(opened.result());
              }
            });
  }

  private void returned(Opened opened) {
    if (!opened.description.equals(description)) {
      opened.device.close();
      tell(
          "%s is another device now, %s; the one it was is waited for: names of /dev/input/by-id"
                  .formatted(path, opened.description)
              + " stay with a device");
      retryLater();
      return;
    }
    device = opened.device;
    told = "";
    context().log().info("{} ({}) is back", path, description);
    try {
      frames().resync(opened.device.state(description));
    } catch (NativeIoException e) {
      lost(e);
      return;
    }
    watch(opened.device);
  }

  @Override
  public void output(DeviceContext engine, int type, int code, int value) {
    long bit = 1L << code;
    if (type == EV_LED) {
      lights = value == 0 ? lights & ~bit : lights | bit;
    } else {
      sounds = value == 0 ? sounds & ~bit : sounds | bit;
    }
    write(type, code, value);
  }

  /** A device that is gone is found out by those who read. */
  private void write(int type, int code, int value) {
    Evdev present = device;
    if (present != null) {
      try {
        present.write(type, code, value);
      } catch (NativeIoException e) {
        if (e.errno() != Errno.ENODEV && context != null) {
          context().log().warn("{}: a light cannot be set: {}", path, e.getMessage());
        }
      }
    }
  }

  @Override
  public void reset() {
    fresh = true;
    for (int code = 0; code < Long.SIZE; code++) {
      if ((lights & 1L << code) != 0) {
        write(EV_LED, code, 0);
      }
      if ((sounds & 1L << code) != 0) {
        write(EV_SND, code, 0);
      }
    }
    lights = 0;
    sounds = 0;
  }

  @Override
  public Future<Void> close() {
    closed = true;
    closeDevice();
    return Future.succeededFuture();
  }
}
