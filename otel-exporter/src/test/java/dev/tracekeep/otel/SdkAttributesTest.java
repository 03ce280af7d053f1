package dev.tracekeep.otel;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import org.junit.jupiter.api.Test;

class SdkAttributesTest {
  @Test
  void emptyString_isAValue() {
    assertThat(
            SdkAttributes.of(
                    Attributes.of(
                        AttributeKey.stringKey("a"),
                        "",
                        AttributeKey.stringArrayKey("b"),
                        java.util.List.of("")))
                .toJson()
                .text())
        .isEqualTo("{\"a\":\"\",\"b\":[\"\"]}");
  }

  @Test
  void loneSurrogates_leaveWellFormedJson() {
    assertThat(
            SdkAttributes.of(Attributes.of(AttributeKey.stringKey("a\uD800"), "b\uDC00"))
                .toJson()
                .text())
        .isEqualTo("{\"a\uFFFD\":\"b\\udc00\"}");
  }
}
