package io.vhost4j.device.sound;

/**
 * A jack (VIRTIO 5.14.6.4).
 *
 * @param hdaFnNid function group, see {@link StreamConfig#hdaFnNid()}
 * @param defconf HDA pin default configuration register: colour, location, connector and so on
 * @param caps HDA pin capabilities register
 * @param remappable whether the driver may change association and sequence
 * @param connected whether something is plugged in at first
 */
public record JackConfig(
    int hdaFnNid, int defconf, int caps, boolean remappable, boolean connected) {}
