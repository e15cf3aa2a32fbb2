/**
 * libasound's C interface as it is: one native method for each function, named as in its header.
 */
@NullMarked
package io.vhost4j.audio.alsa.lowlevel;

import org.jspecify.annotations.NullMarked;
