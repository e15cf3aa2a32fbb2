package io.vhost4j.vhostuser.backend;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vhost4j.engine.QueueCounters;
import java.util.function.ToDoubleFunction;

/**
 * Meters of a server's connections and queues, for whatever registry the service has:
 *
 * <table>
 * <caption>Meters; all have the tag {@code device}, those of queues the tag {@code queue}</caption>
 * <tr><td>{@code vhost.connections}</td><td>frontends served so far, not mere probes</td></tr>
 * <tr><td>{@code vhost.connected}</td><td>1 while a frontend is connected</td></tr>
 * <tr><td>{@code vhost.queue.turns}</td><td>kicks, and other looks at the ring</td></tr>
 * <tr><td>{@code vhost.queue.polls}</td><td>looks at an empty ring, where polling is on</td></tr>
 * <tr><td>{@code vhost.queue.polled}</td><td>turns for what such a look has found</td></tr>
 * <tr><td>{@code vhost.queue.buffers}</td><td>buffers taken</td></tr>
 * <tr><td>{@code vhost.queue.notifications}</td><td>used-buffer notifications sent</td></tr>
 * <tr><td>{@code vhost.queue.errors}</td><td>rings stopped for being malformed</td></tr>
 * </table>
 *
 * <p>They read plain counters of the event loop: the data path pays nothing for them.
 */
public final class VhostUserMetrics implements MeterBinder {
  private final VhostUserServer server;
  private final Tags tags;

  /**
   * @param device value of the tag {@code device}, unique among the servers of the registry
   */
  public VhostUserMetrics(VhostUserServer server, String device) {
    this(server, device, Tags.empty());
  }

  /**
   * @param more tags that each meter has besides {@code device}
   * @see #VhostUserMetrics(VhostUserServer, String)
   */
  public VhostUserMetrics(VhostUserServer server, String device, Tags more) {
    this.server = server;
    this.tags = more.and("device", device);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    FunctionCounter.builder("vhost.connections", server, VhostUserServer::connections)
        .description("Frontends served so far")
        .tags(tags)
        .register(registry);
    Gauge.builder("vhost.connected", server, s -> s.isConnected() ? 1 : 0)
        .description("1 while a frontend is connected")
        .tags(tags)
        .register(registry);
    for (int i = 0; i < server.queueCounters().size(); i++) {
      bindQueue(registry, server.queueCounters().get(i), tags.and("queue", String.valueOf(i)));
    }
  }

  private static void bindQueue(MeterRegistry registry, QueueCounters counters, Tags queue) {
    count(
        registry,
        queue,
        "turns",
        "Kicks and other looks at the ring",
        counters,
        QueueCounters::turns);
    count(
        registry,
        queue,
        "polls",
        "Looks at an empty ring by polling",
        counters,
        QueueCounters::polls);
    count(
        registry, queue, "polled", "Turns for what polling found", counters, QueueCounters::polled);
    count(registry, queue, "buffers", "Buffers taken", counters, QueueCounters::buffers);
    count(
        registry,
        queue,
        "notifications",
        "Notifications sent",
        counters,
        QueueCounters::notifications);
    count(
        registry,
        queue,
        "errors",
        "Rings stopped for being malformed",
        counters,
        QueueCounters::errors);
  }

  private static void count(
      MeterRegistry registry,
      Tags tags,
      String what,
      String description,
      QueueCounters counters,
      ToDoubleFunction<QueueCounters> value) {
    FunctionCounter.builder("vhost.queue." + what, counters, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }
}
