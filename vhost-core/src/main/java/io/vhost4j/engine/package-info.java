/**
 * Serves a device on one event loop, whatever brings the driver to it.
 *
 * <pre>
 *   {@link io.vhost4j.engine.DeviceEngine}         one device for its life: loop, log, counters
 *     └ {@link io.vhost4j.engine.DeviceSession}    one peer: memory, features, status, reset; pause or new driver
 *         └ {@link io.vhost4j.engine.EngineQueue}  one queue as the peer sets it up: size, place, started, enabled
 *             └ VirtqueueVerticle one running queue: kick → handler → used ring → notification
 *
 *   {@link io.vhost4j.engine.Transport}            what the engine asks in return: notify, report, disconnect
 * </pre>
 *
 * <p>A transport, of which {@code vhostuser.backend} is one, opens a session for each peer that it
 * serves, gives it memory and the rings' places, starts, enables and stops queues, and calls {@link
 * io.vhost4j.engine.EngineQueue#look()} at each kick. What cannot be obeyed is a {@link
 * io.vhost4j.engine.RefusedException}. Everything of one device runs on its event loop.
 */
@NullMarked
package io.vhost4j.engine;

import org.jspecify.annotations.NullMarked;
