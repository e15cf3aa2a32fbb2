package io.vhost4j.daemon;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The devices of one process, from the first one opened to the last socket removed. */
final class DaemonService extends ProgramService {
  private static final Logger log = LoggerFactory.getLogger(DaemonService.class);

  private final String program;
  private final DaemonOptions options;

  /**
   * @param program what people know the process by
   */
  DaemonService(String program, DaemonOptions options) {
    this.program = program;
    this.options = options;
  }

  @Override
  Future<Void> start() throws StartException {
    int count = options.devices().size();
    warn(options.provider(), options.devices().stream().map(DeviceSetup::options).toList());
    Vertx vertx = createVertx(count, count); // one that hangs is to keep no other waiting
    List<ServedDevice> devices = new ArrayList<>();
    for (DeviceSetup setup : options.devices()) {
      ServedDevice served = ServedDevice.open(vertx, options.provider(), setup);
      devices.add(served);
      keep(served);
      log.info("{}", served.description());
    }
    if (options.metrics() != null) {
      MetricsEndpoint endpoint = MetricsEndpoint.start(program, options.metrics(), devices);
      keep(endpoint);
      log.info("metrics at {}", endpoint.url());
    }
    return Future.all(devices.stream().map(ServedDevice::finished).toList()).mapEmpty();
  }
}
