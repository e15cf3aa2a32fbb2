/**
 * The virtio-sound device (VIRTIO 1.4, section 5.14) on any {@link io.vhost4j.audio.AudioBackend}.
 *
 * <p>{@link io.vhost4j.device.sound.SoundDevice} is what a server serves, {@link
 * io.vhost4j.device.sound.SoundDeviceConfig} what it is made from. Inside, audio flows one way:
 *
 * <pre>
 *  IoQueue ──► StreamPort ══inbox══► StreamEngine ──► AudioStream
 *     ▲             ▲                     │
 *     └── complete ─┴──────◄══outbox══────┘
 *      event loop           │   the stream's executor
 * </pre>
 *
 * Only the event loop touches rings and the state machine; only the executor touches the backend.
 * Between them run two single-producer queues that carry buffers and commands in one order: what
 * comes out behind a buffer was done after it.
 */
@NullMarked
package io.vhost4j.device.sound;

import org.jspecify.annotations.NullMarked;
