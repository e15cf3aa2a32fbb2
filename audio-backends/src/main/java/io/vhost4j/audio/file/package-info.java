/**
 * The {@code file} backend: plays into WAV files and records from them.
 *
 * <p><b>Playback.</b> The first play of a stream starts its file anew, later ones append to it. A
 * play in another format, and one that comes to the 4 GiB a WAV file can hold, goes on in {@code
 * NAME-2.wav}, {@code NAME-3.wav} and so on. Headers are written first and rewritten whole, in one
 * system call, after every buffer, so that a killed process leaves files that are valid and end
 * with the last buffer that the guest got back.
 *
 * <p><b>Names.</b> {@code %d} becomes the stream's id. Without it, the first stream to play has the
 * name and others get {@code NAME-stream3.wav}. The second device of a process that names the same
 * file gets {@code NAME-card2.wav}, and so on. Without {@code --playback-file} playback goes to
 * {@code playback-%d.wav} in the current directory.
 *
 * <p><b>Capture.</b> Every PREPARE begins at the start of the file; STOP and START go on where it
 * was. The guest is offered the file's format, rate and channels and nothing else, so that what it
 * records is the file, bit for bit. After its end comes silence, or the file again with {@code
 * --capture-loop}. A guest that is late misses nothing of the file: the clock waits for it. Without
 * {@code --capture-file} capture is silence.
 */
@NullMarked
package io.vhost4j.audio.file;

import org.jspecify.annotations.NullMarked;
