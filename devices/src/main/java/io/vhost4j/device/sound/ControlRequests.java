package io.vhost4j.device.sound;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.ChmapInfo;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.JackInfo;
import io.vhost4j.device.sound.wire.PcmInfo;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.Status;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What each control request does, and to what. Event loop only. */
final class ControlRequests implements ControlQueue.Handler {
  private final Jacks jacks;
  private final List<PcmStream> streams;
  private final List<ChannelMap> channelMaps;
  private final Consumer<PcmStream> catchUp;

  /**
   * Requests on these items.
   *
   * @param catchUp takes the buffers that the driver has added for a stream so far
   */
  ControlRequests(
      Jacks jacks,
      List<PcmStream> streams,
      List<ChannelMap> channelMaps,
      Consumer<PcmStream> catchUp) {
    this.jacks = jacks;
    this.streams = streams;
    this.channelMaps = channelMaps;
    this.catchUp = catchUp;
  }

  @Override
  public void handle(ControlRequest request) {
    switch (request.code()) {
      case JACK_INFO -> InfoQuery.answer(request, jacks.count(), JackInfo.SIZE, jacks::describe);
      case JACK_REMAP -> jacks.remap(request);
      case PCM_INFO ->
          InfoQuery.answer(
              request, streams.size(), PcmInfo.SIZE, (id, to) -> streams.get(id).describe(to));
      case CHMAP_INFO ->
          InfoQuery.answer(
              request,
              channelMaps.size(),
              ChmapInfo.SIZE,
              (id, to) -> channelMaps.get(id).describe(to));
      case PCM_SET_PARAMS -> setParameters(request);
      case PCM_PREPARE -> command(request, PcmCommand.PREPARE);
      case PCM_START -> command(request, PcmCommand.START);
      case PCM_STOP -> command(request, PcmCommand.STOP);
      case PCM_RELEASE -> command(request, PcmCommand.RELEASE);
    }
  }

  private void setParameters(ControlRequest request) {
    PcmSetParams wanted = new PcmSetParams().wrap(request.body(), 0);
    PcmStream stream = stream(wanted.streamId());
    Status status =
        stream == null ? Status.BAD_MSG : ParameterCheck.check(wanted, stream.capabilities());
    if (stream == null || status != Status.OK) {
      request.reply(status);
      return;
    }
    PcmParameters parameters = ParameterCheck.parameters(wanted);
    if (stream.supports(parameters)) {
      stream.setParameters(request, parameters, wanted.features());
    } else {
      request.reply(Status.NOT_SUPP);
    }
  }

  private void command(ControlRequest request, PcmCommand command) {
    PcmStream stream = stream(new ItemHeader().wrap(request.body(), 0).id());
    if (stream == null) {
      request.reply(Status.BAD_MSG);
      return;
    }
    // The kick for buffers that were added before may be behind this request: START is to find
    // them, and RELEASE to return them (A40).
    if (command == PcmCommand.START || command == PcmCommand.RELEASE) {
      catchUp.accept(stream);
    }
    stream.command(request, command);
  }

  /** The stream of an unsigned id, or null if there is none (A16). */
  private @Nullable PcmStream stream(int id) {
    return id >= 0 && id < streams.size() ? streams.get(id) : null;
  }
}
