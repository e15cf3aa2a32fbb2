@NullMarked
package io.vhost4j.audio.pipewire;

import org.jspecify.annotations.NullMarked;
