package io.vhost4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class OwnedFdTest {
  @Test
  void closingTwiceDoesNotCloseAnotherFileThatGotTheNumber() throws Exception {
    OwnedFd first = BlockingEventFd.create();
    int number = first.number();
    first.close();
    OwnedFd next = BlockingEventFd.create();
    assertThat(next.number()).isEqualTo(number);

    first.close();

    assertThat(Descriptors.describe(next.number())).contains("eventfd");
    next.close();
  }

  @Test
  void aReleasedDescriptorIsTheCallersToClose() throws Exception {
    OwnedFd fd = BlockingEventFd.create();
    int number = fd.release();
    fd.close();
    assertThat(Descriptors.describe(number)).contains("eventfd");
    assertThat(fd.isOpen()).isFalse();
    assertThatThrownBy(fd::number).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(fd::release).isInstanceOf(IllegalStateException.class);
    new OwnedFd(number).close();
  }

  @Test
  void aDuplicateIsClosedOnItsOwn() throws Exception {
    try (OwnedFd fd = BlockingEventFd.create()) {
      OwnedFd copy = fd.duplicate();
      assertThat(copy.number()).isNotEqualTo(fd.number());
      copy.close();
      assertThat(Descriptors.describe(fd.number())).contains("eventfd");
    }
  }

  @Test
  void aFailedCallTellsTheErrorNumberAndTheSystemsWords() {
    OwnedFd none = new OwnedFd(100_000);
    assertThatThrownBy(none::duplicate)
        .isInstanceOfSatisfying(NativeIoException.class, e -> assertThat(e.errno()).isEqualTo(9))
        .hasMessage("dup: Bad file descriptor");
    int unused = none.release();
  }
}
