package io.vhost4j.device.sound.driver;

/**
 * What came of playing or recording.
 *
 * @param bytes of audio that went through
 * @param buffers returned by the device
 * @param failedBuffers of those, the ones with a status other than OK
 * @param maxLatencyBytes largest latency that the device reported, in bytes
 * @param nanos from START until the last buffer came back
 */
public record TransferResult(
    long bytes, long buffers, long failedBuffers, long maxLatencyBytes, long nanos) {}
