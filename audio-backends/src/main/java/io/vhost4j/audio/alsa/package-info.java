/**
 * The backend {@code alsa}: plays to and records from ALSA devices of the host through libasound.
 *
 * <p>{@link io.vhost4j.audio.alsa.AlsaBackendProvider} is the way in. {@code AlsaPcm} is libasound
 * with Java manners; {@code AlsaPlayback} and {@code AlsaCapture} are the two kinds of stream, each
 * serviced by the worker thread of its stream and by nobody else. Nothing waits inside libasound:
 * devices are opened non-blocking, and when to look again is worked out from the fill of the
 * device's ring and the frame rate.
 *
 * <p>Format, rate and channels reach the device as the guest has chosen them. Whether they are
 * converted on the way is for the user to say with the device's name, as everywhere in ALSA: {@code
 * hw:0} never converts, and then the guest is offered what the hardware does; {@code default} and
 * {@code plughw:0} convert what the hardware does not do.
 *
 * <p>Devices are asked at the start what they can do, and what of it together: a guest is refused
 * the rest at SET_PARAMS. A device that is in use or unplugged by then is offered with what is
 * usual in stereo. Its streams fail at PREPARE until it is there; then it works at once, and until
 * the next start ALSA converts what it does not do. Only a name that ALSA's configuration does not
 * know, wrong arguments and missing permissions are held against the user.
 */
@NullMarked
package io.vhost4j.audio.alsa;

import org.jspecify.annotations.NullMarked;
