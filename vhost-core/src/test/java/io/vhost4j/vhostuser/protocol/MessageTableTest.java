package io.vhost4j.vhostuser.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of messages against that of the vhost-user text. */
class MessageTableTest {
  @ParameterizedTest
  @CsvSource({
    // id, name, smallest request, fewest fds, most fds, size of reply (-1: none)
    "1, GET_FEATURES, 0, 0, 0, 8",
    "2, SET_FEATURES, 8, 0, 0, -1",
    "3, SET_OWNER, 0, 0, 0, -1",
    "4, RESET_OWNER, 0, 0, 0, -1",
    "5, SET_MEM_TABLE, 8, 0, 32, -1",
    "6, SET_LOG_BASE, 16, 1, 1, 0",
    "7, SET_LOG_FD, 0, 1, 1, -1",
    "8, SET_VRING_NUM, 8, 0, 0, -1",
    "9, SET_VRING_ADDR, 40, 0, 0, -1",
    "10, SET_VRING_BASE, 8, 0, 0, -1",
    "11, GET_VRING_BASE, 8, 0, 0, 8",
    "12, SET_VRING_KICK, 8, 0, 1, -1",
    "13, SET_VRING_CALL, 8, 0, 1, -1",
    "14, SET_VRING_ERR, 8, 0, 1, -1",
    "15, GET_PROTOCOL_FEATURES, 0, 0, 0, 8",
    "16, SET_PROTOCOL_FEATURES, 8, 0, 0, -1",
    "17, GET_QUEUE_NUM, 0, 0, 0, 8",
    "18, SET_VRING_ENABLE, 8, 0, 0, -1",
    "19, SEND_RARP, 8, 0, 0, -1",
    "20, NET_SET_MTU, 8, 0, 0, -1",
    "21, SET_BACKEND_REQ_FD, 0, 1, 1, -1",
    "22, IOTLB_MSG, 32, 0, 0, 8",
    "23, SET_VRING_ENDIAN, 8, 0, 0, -1",
    "24, GET_CONFIG, 12, 0, 0, 12",
    "25, SET_CONFIG, 12, 0, 0, -1",
    "26, CREATE_CRYPTO_SESSION, 0, 0, 0, 0",
    "27, CLOSE_CRYPTO_SESSION, 8, 0, 0, -1",
    "28, POSTCOPY_ADVISE, 0, 0, 0, 0",
    "29, POSTCOPY_LISTEN, 0, 0, 0, 8",
    "30, POSTCOPY_END, 0, 0, 0, 8",
    "31, GET_INFLIGHT_FD, 24, 0, 0, 24",
    "32, SET_INFLIGHT_FD, 24, 1, 1, -1",
    "33, GPU_SET_SOCKET, 0, 1, 1, -1",
    "34, RESET_DEVICE, 0, 0, 0, -1",
    "35, VRING_KICK, 8, 0, 0, -1",
    "36, GET_MAX_MEM_SLOTS, 0, 0, 0, 8",
    "37, ADD_MEM_REG, 40, 1, 1, -1",
    "38, REM_MEM_REG, 40, 0, 1, -1",
    "39, SET_STATUS, 8, 0, 0, -1",
    "40, GET_STATUS, 0, 0, 0, 8",
    "41, GET_SHARED_OBJECT, 16, 0, 0, 0",
    "42, SET_DEVICE_STATE_FD, 8, 1, 1, 8",
    "43, CHECK_DEVICE_STATE, 0, 0, 0, 8",
    "44, GET_SHMEM_CONFIG, 0, 0, 0, 2056",
    "45, GET_VRING_BASE_SKIP_DRAIN, 8, 0, 0, 8",
  })
  void everyMessageOfAFrontendHasItsRow(
      int id, String name, int size, int minFds, int maxFds, int replySize) {
    FrontendMessage message = FrontendMessage.valueOf(name);
    assertThat(FrontendMessage.of(id)).isSameAs(message);
    assertThat(message.id()).isEqualTo(id);
    assertRow(message, size, minFds, maxFds, replySize);
  }

  @ParameterizedTest
  @CsvSource({
    "1, IOTLB_MSG, 32, 0, 0, -1",
    "2, CONFIG_CHANGE_MSG, 0, 0, 0, -1",
    "3, VRING_HOST_NOTIFIER_MSG, 24, 0, 1, -1",
    "4, VRING_CALL, 8, 0, 0, -1",
    "5, VRING_ERR, 8, 0, 0, -1",
    "6, SHARED_OBJECT_ADD, 16, 0, 0, -1",
    "7, SHARED_OBJECT_REMOVE, 16, 0, 0, -1",
    "8, SHARED_OBJECT_LOOKUP, 16, 0, 0, 8",
    "9, SHMEM_MAP, 40, 1, 1, -1",
    "10, SHMEM_UNMAP, 40, 0, 0, -1",
  })
  void everyMessageOfABackendHasItsRow(
      int id, String name, int size, int minFds, int maxFds, int replySize) {
    BackendMessage message = BackendMessage.valueOf(name);
    assertThat(BackendMessage.of(id)).isSameAs(message);
    assertThat(message.id()).isEqualTo(id);
    assertRow(message, size, minFds, maxFds, replySize);
  }

  private static void assertRow(
      MessageType message, int size, int minFds, int maxFds, int replySize) {
    assertThat(message.payload().size()).isEqualTo(size);
    assertThat(message.minFds()).isEqualTo(minFds);
    assertThat(message.maxFds()).isEqualTo(maxFds);
    PayloadKind reply = message.reply();
    assertThat(reply == null ? -1 : reply.size()).isEqualTo(replySize);
  }

  @Test
  void idsOutsideOfTheTablesAreUnknown() {
    for (int id : new int[] {0, -1, 46, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThat(FrontendMessage.of(id)).isNull();
      assertThat(BackendMessage.of(id)).isNull();
    }
    assertThat(FrontendMessage.values()).hasSize(45);
    assertThat(BackendMessage.values()).hasSize(10);
  }

  @ParameterizedTest
  @CsvSource({
    "GET_QUEUE_NUM, 0",
    "SET_LOG_BASE, 1",
    "SEND_RARP, 2",
    "NET_SET_MTU, 4",
    "SET_BACKEND_REQ_FD, 5",
    "SET_VRING_ENDIAN, 6",
    "CREATE_CRYPTO_SESSION, 7",
    "CLOSE_CRYPTO_SESSION, 7",
    "POSTCOPY_ADVISE, 8",
    "POSTCOPY_LISTEN, 8",
    "POSTCOPY_END, 8",
    "GET_CONFIG, 9",
    "SET_CONFIG, 9",
    "GET_INFLIGHT_FD, 12",
    "SET_INFLIGHT_FD, 12",
    "RESET_DEVICE, 13",
    "VRING_KICK, 14",
    "GET_MAX_MEM_SLOTS, 15",
    "ADD_MEM_REG, 15",
    "REM_MEM_REG, 15",
    "SET_STATUS, 16",
    "GET_STATUS, 16",
    "GET_SHARED_OBJECT, 18",
    "SET_DEVICE_STATE_FD, 19",
    "CHECK_DEVICE_STATE, 19",
    "GET_SHMEM_CONFIG, 22",
    "GET_VRING_BASE_SKIP_DRAIN, 23",
  })
  void aGatedMessageIsLegalOnlyWithItsProtocolFeature(FrontendMessage message, int bit) {
    Negotiation all = new Negotiation(-1, -1, -1);
    assertThat(message.permitted(all)).isTrue();
    assertThat(message.permitted(all.withProtocol(~(1L << bit)))).isFalse();
    assertThat(message.permitted(Negotiation.NOTHING.withProtocol(1L << bit))).isTrue();
  }

  @Test
  void c5_protocolFeaturesAreLegalOnceBit30WasOfferedWithoutBeingAcknowledged() {
    Negotiation offered = new Negotiation(1L << 30, 0, 0);
    assertThat(FrontendMessage.GET_PROTOCOL_FEATURES.permitted(offered)).isTrue();
    assertThat(FrontendMessage.SET_PROTOCOL_FEATURES.permitted(offered)).isTrue();
    assertThat(FrontendMessage.GET_PROTOCOL_FEATURES.permitted(Negotiation.NOTHING)).isFalse();
    assertThat(FrontendMessage.SET_VRING_ENABLE.permitted(offered)).isFalse();
    assertThat(FrontendMessage.SET_VRING_ENABLE.permitted(offered.withAcknowledged(1L << 30)))
        .isTrue();
  }

  @Test
  void everythingElseIsLegalFromTheStart() {
    Set<FrontendMessage> always = new HashSet<>();
    for (FrontendMessage message : FrontendMessage.values()) {
      if (message.permitted(Negotiation.NOTHING)) {
        always.add(message);
      }
    }
    assertThat(always.stream().map(FrontendMessage::id))
        .containsExactlyInAnyOrder(1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 33);
  }

  @Test
  void protocolFeatureBitsAreThoseOfTheStandard() {
    assertThat(Arrays.stream(ProtocolFeature.values()).map(ProtocolFeature::bit))
        .containsExactly(
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    assertThat(ProtocolFeature.GPA_ADDRESSES.bit()).as("as QEMU has it").isEqualTo(21);
    assertThat(ProtocolFeature.SHMEM.bit()).as("as QEMU has it").isEqualTo(22);
    assertThat(ProtocolFeature.STATUS.bit()).isEqualTo(16);
    assertThat(ProtocolFeature.describe(0x8000_0201L)).isEqualTo("MQ|CONFIG|0x80000000");
    assertThat(ProtocolFeature.describe(0)).isEqualTo("none");
  }

  @Test
  void c41_featuresThatNeedOthersAreAConflictWithoutThem() {
    long inband = ProtocolFeature.INBAND_NOTIFICATIONS.mask();
    long both = ProtocolFeature.mask(ProtocolFeature.REPLY_ACK, ProtocolFeature.BACKEND_REQ);
    assertThat(ProtocolFeature.conflict(inband, -1)).contains("REPLY_ACK").contains("BACKEND_REQ");
    assertThat(ProtocolFeature.conflict(inband | both, -1)).isNull();
    assertThat(ProtocolFeature.conflict(1L << 23, -1)).contains("GET_VRING_BASE_INFLIGHT");
    assertThat(ProtocolFeature.conflict(1L << 20, -1)).contains("INFLIGHT_SHMFD");
    assertThat(ProtocolFeature.conflict(1, 2)).contains("not offered").contains("MQ");
    assertThat(ProtocolFeature.conflict(0, 0)).isNull();
  }
}
