/** The {@code null} backend: plays into nothing and records silence. */
@NullMarked
package io.vhost4j.audio.none;

import org.jspecify.annotations.NullMarked;
