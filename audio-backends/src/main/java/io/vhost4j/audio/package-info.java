/** The service provider interface of audio backends. */
@NullMarked
package io.vhost4j.audio;

import org.jspecify.annotations.NullMarked;
