package io.vhost4j.device.sound;

/** What travels from the event loop to a stream's executor and, when done, back. */
abstract sealed class StreamJob permits IoMessage, StreamCommand {}
