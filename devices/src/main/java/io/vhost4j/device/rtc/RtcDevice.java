package io.vhost4j.device.rtc;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.LoopTask;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.device.queue.StatusPlace;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A virtio RTC device (VIRTIO 5.23): a driver reads clocks, and may set an alarm of each.
 *
 * <p>Alarms outlast a pause of the guest and a reset (T9): what expires meanwhile is told when a
 * driver goes on. A Linux that sleeps resets the device when it wakes, and sets no alarm again; one
 * that boots takes over the alarm that it finds. With the frontend they end. Cross time-stamps are
 * not offered for any counter, as a device in user space cannot know what its guest's counters show
 * (T11).
 */
public final class RtcDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 17;

  private static final long F_ALARM = 1;

  private static final int NOTE = 0x2000;
  private static final int NOTE_BYTES = 16;

  private final String name;
  private final boolean offersAlarms;
  private final List<Alarm> alarms;
  private final Requests requests;
  private final RequestQueue requestQueue;
  private final PostedBuffers alarmQueue = new PostedBuffers(new Notes());

  private @Nullable DeviceContext connection;
  private @Nullable LoopTask tellDriver;

  /** Written by the event loop, read by meters now and then. */
  private long expirations;

  /** What the driver is told through the alarm queue. */
  private final class Notes implements PostedBuffers.Source {
    @Override
    public int fill(ChainWriter buffer) {
      if (!requests.hasAlarms()) {
        return 0; // they are of a driver before
      }
      for (int clock = 0; clock < alarms.size(); clock++) {
        if (alarms.get(clock).takeNote()) {
          buffer.writeLong(NOTE);
          buffer.writeLong(clock);
          return NOTE_BYTES;
        }
      }
      return 0;
    }

    @Override
    public boolean fits(DescriptorChain buffer) {
      return buffer.writer().size() >= NOTE_BYTES;
    }
  }

  private final class AlarmListener implements Alarm.Listener {
    @Override
    public void expired() {
      expirations++;
      LoopTask task = tellDriver;
      if (task != null) {
        task.request();
      }
    }

    @Override
    public void failed(IOException reason) {
      DeviceContext present = connection;
      if (present != null) {
        present.log().warn("an alarm cannot be set: {}", reason.getMessage());
      }
    }
  }

  /**
   * @param name names the device in log lines and meters
   * @param clocks at least one; a driver knows them by their places
   * @param offersAlarms whether each of them has an alarm
   */
  public RtcDevice(String name, List<? extends RtcClock> clocks, boolean offersAlarms) {
    if (clocks.isEmpty()) {
      throw new IllegalArgumentException("no clock: Linux does not take such a device");
    }
    this.name = name;
    this.offersAlarms = offersAlarms;
    List<RtcClock> all = List.copyOf(clocks);
    AlarmListener listener = new AlarmListener();
    alarms = all.stream().map(clock -> new Alarm(clock, listener)).toList();
    requests = new Requests(all, alarms, listener::failed);
    // All are answered at once, so none is ever held.
    requestQueue =
        new RequestQueue(
            RtcMessage.LONGEST_REQUEST, Requests.STATUS, StatusPlace.FIRST, 1, requests);
  }

  @Override
  public int deviceType() {
    return DEVICE_TYPE;
  }

  @Override
  public String name() {
    return name;
  }

  /** Both, also without alarms: frontends count on two. */
  @Override
  public int queueCount() {
    return 2;
  }

  @Override
  public long features() {
    return offersAlarms ? F_ALARM : 0;
  }

  @Override
  public QueueHandler queue(int index) {
    return index == 0 ? requestQueue : alarmQueue;
  }

  @Override
  public void connected(DeviceContext context) {
    connection = context;
    tellDriver = new LoopTask(context, alarmQueue::fill);
    for (Alarm alarm : alarms) {
      alarm.connected(context.context());
    }
  }

  @Override
  public void featuresAcknowledged(long features) {
    requests.negotiated((features & F_ALARM) != 0);
  }

  @Override
  public Future<Void> reset() {
    alarms.forEach(Alarm::reset);
    return Future.succeededFuture();
  }

  @Override
  public void disconnected() {
    alarms.forEach(Alarm::clear);
    connection = null;
    tellDriver = null;
  }

  /** How many alarms have expired since the device was made. */
  public long expirations() {
    return expirations;
  }
}
