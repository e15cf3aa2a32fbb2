@NullMarked
package io.vhost4j.audio.pipewire.lowlevel;

import org.jspecify.annotations.NullMarked;
