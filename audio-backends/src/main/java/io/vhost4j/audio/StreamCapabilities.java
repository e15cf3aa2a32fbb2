package io.vhost4j.audio;

/**
 * What a backend can really do in one direction.
 *
 * @param formats mask of {@link SampleFormat#mask()}, not 0
 * @param rates mask of {@link SampleRate#mask()}, not 0
 * @param minChannels smallest number of channels, 1 or more
 * @param maxChannels largest number of channels, at least {@code minChannels}, at most 18
 */
public record StreamCapabilities(long formats, long rates, int minChannels, int maxChannels) {}
