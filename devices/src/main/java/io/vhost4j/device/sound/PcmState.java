package io.vhost4j.device.sound;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * The states of a PCM stream (VIRTIO 5.14.6.6.1). A state is named after the command that led to
 * it, and decides which may come next (A36); any other is a bad message and changes nothing.
 *
 * <pre>
 *             ┌────────────┐
 *             │  INITIAL   │
 *             └─────┬──────┘
 *                   │ SET_PARAMS
 *             ┌─────▼──────┐  SET_PARAMS
 *             │ PARAMETERS ├──────┐
 *    ┌───────►│    _SET    │◄─────┘
 *    │        └─┬────────▲─┘
 *    │  PREPARE │        │ SET_PARAMS
 *    │        ┌─▼────────┴─┐  PREPARE
 *    │  ┌────►│  PREPARED  ├──────┐
 *    │  │     │            │◄─────┘
 *    │  │     └─┬────────┬─┘
 *    │  │ START │        │ RELEASE
 *    │  │     ┌─▼──────┐ │
 *    │  │  ┌─►│STARTED │ │
 *    │  │  │  └─┬──────┘ │
 *    │  │  │    │ STOP   │
 *    │  │  │  ┌─▼──────┐ │
 *    │  │  └──┤STOPPED │ │
 *    │  │START└─┬──────┘ │
 *    │  │       │ RELEASE│
 *    │  │     ┌─▼────────▼─┐
 *    │  └─────┤  RELEASED  │
 *    │ PREPARE└─┬──────────┘
 *    └──────────┘ SET_PARAMS
 * </pre>
 */
enum PcmState {
  INITIAL,
  PARAMETERS_SET,
  PREPARED,
  STARTED,
  STOPPED,
  RELEASED;

  private static final Map<PcmState, Set<PcmCommand>> ALLOWED = new EnumMap<>(PcmState.class);

  static {
    ALLOWED.put(INITIAL, EnumSet.of(PcmCommand.SET_PARAMS));
    ALLOWED.put(PARAMETERS_SET, EnumSet.of(PcmCommand.SET_PARAMS, PcmCommand.PREPARE));
    ALLOWED.put(
        PREPARED,
        EnumSet.of(
            PcmCommand.SET_PARAMS, PcmCommand.PREPARE, PcmCommand.START, PcmCommand.RELEASE));
    ALLOWED.put(STARTED, EnumSet.of(PcmCommand.STOP));
    ALLOWED.put(STOPPED, EnumSet.of(PcmCommand.START, PcmCommand.RELEASE));
    ALLOWED.put(RELEASED, EnumSet.of(PcmCommand.SET_PARAMS, PcmCommand.PREPARE));
  }

  /** Whether the command may come next. */
  boolean allows(PcmCommand command) {
    return ALLOWED.getOrDefault(this, Set.of()).contains(command);
  }

  /** Whether the stream takes buffers: from PREPARE to RELEASE (A37, A38). */
  boolean takesBuffers() {
    return this == PREPARED || this == STARTED || this == STOPPED;
  }
}
