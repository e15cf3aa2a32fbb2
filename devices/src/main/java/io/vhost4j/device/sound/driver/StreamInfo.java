package io.vhost4j.device.sound.driver;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.StreamCapabilities;

/**
 * A PCM stream as the device describes it.
 *
 * @param id its number
 * @param direction whether it plays or records
 * @param features mask of optional features
 * @param capabilities formats, rates and channels
 */
public record StreamInfo(
    int id, Direction direction, int features, StreamCapabilities capabilities) {}
