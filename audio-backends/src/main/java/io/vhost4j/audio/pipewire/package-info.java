/**
 * The backend {@code pipewire}: every stream of a device is a node in the host's PipeWire graph.
 *
 * <pre>
 *  stream's executor                 PipeWire's data thread        graph
 *  PipewireStream.write → AudioRing → GraphCycle.process → adapter → sink
 *  PipewireStream.read  ← AudioRing ← GraphCycle.process ← adapter ← source
 *            ↑______________ wake _____________|
 * </pre>
 *
 * The ring is the only thing that the two sides share: one writes it, the other reads it, nobody
 * waits. {@link io.vhost4j.audio.pipewire.PipewireNode} owns the native stream, {@link
 * io.vhost4j.audio.pipewire.PipewireConnection} the connection, which it makes anew when PipeWire
 * was restarted. As long as the graph does not come for a stream's audio, the stream's executor
 * does so by the clock, so that the guest goes on and hears no more than an xrun.
 *
 * <p>The graph is shared. The shortest cycle that a program asks for is that of all, so a guest's
 * period asks for no less than {@code --pipewire-min-quantum}; what the user asks for is not
 * limited. {@code PipewireIdentity} has the properties by which the host's mixer tells streams
 * apart.
 *
 * <p>The event {@code process} is handled on the data thread itself ({@code RT_PROCESS}) and not on
 * the loop's thread, where PipeWire 1.4 runs a stream one cycle later and was seen to lose the
 * first cycle of a sound. A garbage collection that lasts longer than a cycle is an xrun of the
 * stream either way, and with either choice another client of the same sink was not disturbed by
 * pauses of 150 ms: a driver does not wait for those who are late. The handler takes 30 to 100 µs
 * of which most is the way into Java, allocates nothing, and the thread stays known to the JVM.
 */
@NullMarked
package io.vhost4j.audio.pipewire;

import org.jspecify.annotations.NullMarked;
