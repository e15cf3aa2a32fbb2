/**
 * The transport of a machine that is its own guest: its kernel gives its own drivers devices that
 * programs of the same machine serve.
 *
 * <pre>
 *   {@link io.vhost4j.loopback.LoopbackCard}          a place for devices: one comes, breaks, comes again
 *     ├ {@link io.vhost4j.loopback.CardNode}          what of the kernel makes the device
 *     │   ├ {@link io.vhost4j.loopback.LoopbackNode}      our module virtio-loopback: /dev/loopback-N
 *     │   └ {@link io.vhost4j.loopback.VduseNode}         VDUSE: /dev/vduse/loopback-N
 *     └ {@link io.vhost4j.loopback.CardServer}        who serves it
 *         ├ {@link io.vhost4j.loopback.LoopbackTransport}  a device in this process, by the engine
 *         └ {@link io.vhost4j.loopback.LoopbackAdapter}    a vhost-user daemon, of ours or another
 * </pre>
 *
 * <p>The module's {@code README.md} draws what module and owner say to each other. Everything of
 * one card runs on one event loop, but for the call that attaches it to our module, which may wait
 * for the card before it to leave.
 */
@NullMarked
package io.vhost4j.loopback;

import org.jspecify.annotations.NullMarked;
