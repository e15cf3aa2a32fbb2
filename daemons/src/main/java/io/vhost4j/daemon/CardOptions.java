package io.vhost4j.daemon;

import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.vhostuser.channel.SocketRights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the command line says about one sound card.
 *
 * @param name tells the card from the others in the log, in meters and in the host's mixer
 * @param socket path to listen on, or null if {@code fd} is to be used
 * @param fd inherited socket, listening or connected; -1 if {@code socket} is to be used
 * @param rights who may connect to {@code socket}
 * @param backend where its sound goes
 * @param backendOptions what the user set of the backend's own options
 * @param outputStreams number of playback streams
 * @param inputStreams number of capture streams
 * @param limits what its streams offer at most
 * @param polling how long to look at a ring that has run empty, zero for not at all
 */
record CardOptions(
    String name,
    @Nullable Path socket,
    int fd,
    SocketRights rights,
    AudioBackendProvider backend,
    Map<String, String> backendOptions,
    int outputStreams,
    int inputStreams,
    StreamLimits limits,
    Duration polling) {

  /** Where the card is found, for people. */
  String where() {
    return socket == null ? "fd " + fd : socket.toString();
  }
}
