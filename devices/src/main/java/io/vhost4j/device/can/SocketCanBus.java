package io.vhost4j.device.can;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceException;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.event.LoopTimer;
import io.vhost4j.nativeio.CanSocket;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A CAN interface of the host, by a socket that is open while the controller is started. An
 * interface that is down, gone or off its bus is reported once and tried every second; until it is
 * back frames are refused.
 */
final class SocketCanBus implements CanBus {
  /** Between two looks at the interface: while it is away, and while frames are sent. */
  private static final long CHECK_NANOS = 1_000_000_000;

  /** Until a full interface is tried again; some frames take so long at usual bit rates. */
  private static final long RESEND_NANOS = 1_000_000;

  /** Until an interface that was lost is looked at: it may be about to vanish. */
  private static final long LOST_NANOS = 10_000_000;

  /** What the interfaces of our network namespace count, a line for each. */
  private static final Path STATISTICS = Path.of("/proc/self/net/dev");

  private static final int SENT_COLUMN = 10;
  private static final int DROPPED_COLUMN = 12;

  private static final int EXTENDED_ID = 0x1fff_ffff;
  private static final int STANDARD_ID = 0x7ff;

  /** Opens the socket of an interface; may block. */
  @FunctionalInterface
  interface Opener {
    /** As {@link CanSocket#open}. */
    CanSocket open(String name, boolean confirms) throws NativeIoException;
  }

  /** What an interface counts: frames that it has sent, and those that it has dropped instead. */
  private record Counts(long sent, long dropped) {
    private static final Counts UNKNOWN = new Counts(0, 0);
  }

  private record Opened(CanSocket socket, Counts counts) {}

  private final String name;
  private final Path statistics;
  private final Opener opener;
  private final boolean fd;
  private final boolean runs;
  private @Nullable Attachment attachment;

  /** A worker is at it: one at a time, however often a guest starts and stops its controller. */
  private boolean opening;

  /**
   * An interface that is there.
   *
   * @throws DeviceException if it is not, or may not be used, with what to do
   */
  static SocketCanBus of(String name) throws DeviceException {
    try (CanSocket socket = CanSocket.open(name, false)) {
      return new SocketCanBus(
          name, STATISTICS, CanSocket::open, socket.takesFd(), socket.isRunning());
    } catch (NativeIoException e) {
      throw new DeviceException(explain(name, e), e);
    }
  }

  /**
   * @param statistics as {@link #STATISTICS}
   * @param fd whether the interface takes frames of CAN FD
   * @param runs whether it is up
   */
  SocketCanBus(String name, Path statistics, Opener opener, boolean fd, boolean runs) {
    this.name = name;
    this.statistics = statistics;
    this.opener = opener;
    this.fd = fd;
    this.runs = runs;
  }

  /** What an interface cannot be used for, and what to do. */
  static String explain(String name, NativeIoException e) {
    return switch (e.errno()) {
      case Errno.ENODEV ->
          name
              + " is no CAN interface of this network namespace: 'ip -details link show type can'"
              + " lists them, and those of type vcan";
      case Errno.EAFNOSUPPORT, Errno.EPROTONOSUPPORT ->
          name
              + " cannot be used, as this process has no CAN sockets: 'modprobe can-raw' adds them"
              + " to the kernel; in a systemd service RestrictAddressFamilies must allow AF_CAN";
      case Errno.EPERM, Errno.EACCES ->
          name
              + " cannot be used, as a sandbox forbids CAN sockets (otherwise they need no"
              + " privilege): allow the address family AF_CAN there";
      case Errno.ENETDOWN -> down(name);
      default -> name + " cannot be used: " + e.getMessage();
    };
  }

  private static String down(String name) {
    return name + " is down: 'ip link set " + name + " up' starts it";
  }

  @Override
  public boolean takesFd() {
    return fd;
  }

  /** May block. */
  private Counts count() {
    try {
      for (String line : Files.readAllLines(statistics)) {
        String[] columns = line.strip().split("[: ]+", -1);
        if (columns[0].equals(name)) {
          return new Counts(
              Long.parseLong(columns[SENT_COLUMN]), Long.parseLong(columns[DROPPED_COLUMN]));
        }
      }
    } catch (IOException e) {
      // Nobody knows, then.
    }
    return Counts.UNKNOWN;
  }

  /** The interface, for people. */
  String description() {
    return name + (fd ? ", CAN FD" : ", classic CAN") + (runs ? "" : ", not up so far");
  }

  @Override
  public void start(DeviceContext context, Listener listener, boolean confirm) throws IOException {
    stop();
    attachment = new Attachment(context, listener, confirm);
    attachment.open();
  }

  @Override
  public void stop() {
    Attachment present = attachment;
    attachment = null;
    if (present != null) {
      present.close();
    }
  }

  @Override
  public Sent send(CanFrame frame) {
    Attachment present = attachment;
    return present == null ? Sent.REFUSED : present.send(frame);
  }

  /** From start to stop. */
  private final class Attachment {
    private final DeviceContext context;
    private final Listener listener;
    private final boolean confirm;
    private final LoopTimer timer;
    private final LoopTimer.Deadline check;
    private final LoopTimer.Deadline resend;
    private final CanFrame received = new CanFrame();

    /** Both null while the interface is away. */
    private @Nullable CanSocket socket;

    private @Nullable FdRegistration registration;

    /** At the last look. */
    private Counts counts = Counts.UNKNOWN;

    /** Why the interface is away, as the log has it; empty if it is there. */
    private String told = "";

    /** Whether the log has that the interface drops frames. */
    private boolean toldDrops;

    Attachment(DeviceContext context, Listener listener, boolean confirm) throws IOException {
      this.context = context;
      this.listener = listener;
      this.confirm = confirm;
      timer = LoopTimer.create(context.context());
      check = timer.deadline(this::check);
      resend = timer.deadline(listener::ready);
    }

    void close() {
      timer.close();
      closeSocket();
    }

    private void closeSocket() {
      FdRegistration present = registration;
      registration = null;
      socket = null;
      if (present != null) {
        present.close(); // and the socket with it
      }
    }

    /**
     * A worker opens the socket: that waits for a lock of the kernel's network, and where the guest
     * is this machine, its holder may wait for the reply to START.
     */
    void open() {
      if (opening) {
        return; // its end opens this one
      }
      opening = true;
      context
          .context()
          .executeBlocking(() -> new Opened(opener.open(name, confirm), count()))
          .onComplete(
              opened -> {
                opening = false;
                Attachment present = attachment;
                if (present != this && opened.succeeded()) {
                  opened.result().socket.close();
                }
                if (present == this) {
                  if (opened.succeeded()) {
                    use(opened.result());
                  } else {
                    fail(opened.cause());
                  }
                  listener.ready();
                } else if (present != null) {
                  present.open();
                }
              });
    }

    private void use(Opened result) {
      CanSocket opened = result.socket;
      counts = result.counts;
      toldDrops = false;
      try {
        if (!opened.isRunning()) {
          String why = stopped(opened.isUp());
          opened.close();
          away(why);
          return;
        }
        registration =
            FdRegistration.open(
                context.context(), opened.fd(), Interest.READ_LEVEL, this::readable);
        socket = opened;
      } catch (IOException e) {
        opened.close();
        fail(e);
        return;
      }
      if (!told.isEmpty()) {
        told = "";
        context.log().info("{} is back", name);
      }
    }

    private void fail(Throwable e) {
      away(e instanceof NativeIoException call ? explain(name, call) : name + ": " + e);
    }

    private String stopped(boolean isUp) {
      return isUp
          ? name
              + " has no carrier: its controller is off the bus, and"
              + " 'ip link set %s type can restart' restarts it".formatted(name)
          : down(name);
    }

    /** Reported once for each reason. */
    private void away(String why) {
      if (!why.equals(told)) {
        told = why;
        context.log().warn("{}; frames are refused until it is back", why);
      }
      check.schedule(System.nanoTime() + CHECK_NANOS);
    }

    /** The interface was there, and is not any more: why is found out in a moment. */
    private void lose() {
      closeSocket();
      check.schedule(System.nanoTime() + LOST_NANOS);
      listener.gone();
    }

    private void check() {
      CanSocket present = socket;
      if (present == null) {
        open();
        return;
      }
      try {
        if (present.isRunning()) {
          checkConfirmations(present);
          return;
        }
      } catch (NativeIoException e) {
        // It is gone.
      }
      lose();
    }

    /** (L6) Confirmations may be lost, and frames too, and nothing comes that would tell. */
    private void checkConfirmations(CanSocket present) {
      present.askDropped();
      if (tellDropped(present)) {
        listener.ready();
      }
      int waiting = listener.failLost();
      if (waiting > 0) {
        check.schedule(System.nanoTime() + CHECK_NANOS);
        context
            .context()
            .executeBlocking(SocketCanBus.this::count)
            .onSuccess(
                now -> {
                  if (attachment == this && socket == present) {
                    checkDrops(waiting, now);
                  }
                });
      }
    }

    /**
     * An interface that listens only takes frames, and drops them; they may also wait because
     * nobody acknowledges, but then it has counted nothing.
     */
    private void checkDrops(int waiting, Counts now) {
      Counts before = counts;
      counts = now;
      if (now.sent != before.sent || now.dropped - before.dropped < waiting) {
        return;
      }
      if (!toldDrops) {
        toldDrops = true;
        context
            .log()
            .warn(
                "{} drops what it is to send, as in listen-only mode: 'ip -details link show {}'"
                    + " tells; frames are refused",
                name,
                name);
      }
      listener.gone();
    }

    private boolean tellDropped(CanSocket present) {
      int missed = present.takeDropped();
      if (missed == 0) {
        return false;
      }
      context.log().warn("the host has dropped {} frames of {}: it came too many", missed, name);
      listener.missed(missed);
      return true;
    }

    Sent send(CanFrame frame) {
      CanSocket present = socket;
      if (present == null) {
        return opening ? Sent.FULL : Sent.REFUSED;
      }
      int errno = present.send(encode(frame, present.outgoing()));
      if (!check.isScheduled()) { // an interface without carrier takes frames, and drops them
        check.schedule(System.nanoTime() + CHECK_NANOS);
      }
      if (errno == Errno.ENOBUFS || errno == Errno.EAGAIN) {
        if (!resend.isScheduled()) {
          resend.schedule(System.nanoTime() + RESEND_NANOS);
        }
        return Sent.FULL;
      }
      // Whatever else is wrong with the interface is for readable() to find out.
      return errno != 0 ? Sent.REFUSED : confirm ? Sent.UNDERWAY : Sent.DONE;
    }

    private void readable() {
      CanSocket present = Objects.requireNonNull(socket);
      int count;
      try {
        count = present.receive();
      } catch (NativeIoException e) {
        if (e.errno() != Errno.ENETDOWN && e.errno() != Errno.ENODEV) {
          context.log().warn("{} fails: {}", name, e.getMessage());
        }
        lose();
        return;
      }
      boolean off = false;
      for (int i = 0; i < count; i++) {
        int id = present.frames().getInt(present.offset(i));
        if ((id & CanSocket.ERROR) != 0) {
          off |= (id & CanSocket.BUS_OFF) != 0;
        } else if (decode(present, i, received)) {
          if (present.isConfirmation(i)) {
            listener.confirmed(received);
          } else {
            listener.received(received);
          }
        }
      }
      boolean unused = tellDropped(present);
      if (off) {
        context.log().warn("the controller of {} has left the bus (bus-off)", name);
        listener.busOff();
      } else {
        listener.ready();
      }
    }
  }

  /** Returns the length of the frame. */
  private static int encode(CanFrame frame, ByteBuffer target) {
    int id = frame.id();
    if (frame.has(CanFrame.EXTENDED)) {
      id |= CanSocket.EXTENDED;
    }
    if (frame.has(CanFrame.RTR)) {
      id |= CanSocket.REMOTE;
    }
    boolean isFd = frame.has(CanFrame.FD);
    int length = isFd ? CanSocket.FD_FRAME : CanSocket.FRAME;
    target.limit(length).putInt(0, id).putInt(CanSocket.LENGTH_OFFSET, 0);
    target.put(CanSocket.LENGTH_OFFSET, (byte) frame.length());
    target.put(CanSocket.FLAGS_OFFSET, (byte) (isFd ? CanSocket.FD : 0));
    target.position(CanSocket.DATA_OFFSET).put(frame.data());
    CanFrame.clear(target);
    return length;
  }

  /** Returns false if it is no frame that we know. */
  private static boolean decode(CanSocket socket, int i, CanFrame frame) {
    ByteBuffer bytes = socket.frames();
    int at = socket.offset(i);
    boolean isFd = socket.length(i) == CanSocket.FD_FRAME;
    int length = Byte.toUnsignedInt(bytes.get(at + CanSocket.LENGTH_OFFSET));
    if (!(isFd || socket.length(i) == CanSocket.FRAME)
        || length > (isFd ? CanFrame.MAX_DATA : CanFrame.MAX_CLASSIC)) {
      return false;
    }
    int id = bytes.getInt(at);
    int flags = isFd ? CanFrame.FD : 0;
    int idBits = STANDARD_ID; // a program may send more of them, which no controller does
    if ((id & CanSocket.EXTENDED) != 0) {
      flags |= CanFrame.EXTENDED;
      idBits = EXTENDED_ID;
    }
    if (!isFd && (id & CanSocket.REMOTE) != 0) {
      flags |= CanFrame.RTR;
    }
    // A program may send lengths that no frame has; controllers then send zeros behind the data.
    ByteBuffer data = frame.set(flags, id & idBits, CanFrame.paddedLength(length));
    int copied = (flags & CanFrame.RTR) != 0 ? 0 : length;
    data.put(0, bytes, at + CanSocket.DATA_OFFSET, copied).position(copied);
    CanFrame.clear(data);
    return true;
  }
}
