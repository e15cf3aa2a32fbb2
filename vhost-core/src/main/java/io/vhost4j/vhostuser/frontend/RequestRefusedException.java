package io.vhost4j.vhostuser.frontend;

import io.vhost4j.vhostuser.protocol.FrontendMessage;
import java.io.IOException;

/** The backend has refused a request; the connection goes on (E2, E3). */
public final class RequestRefusedException extends IOException {
  private static final long serialVersionUID = 1;

  RequestRefusedException(FrontendMessage request, String how) {
    super("the backend refused " + request + " (" + how + ")");
  }
}
