package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An attribute that holds an object whose members mean something. */
record MembersRule(String attribute, List<Convention.Member> members) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    Object value = span.attributes().get(attribute);
    if (value == null) {
      return;
    }
    Map<String, Json> object = Values.structured(value).members();
    if (object.isEmpty()) {
      return;
    }
    for (Convention.Member member : members) {
      for (String path : member.paths()) {
        description.say(member.meaning(), at(object, path));
      }
    }
  }

  private static @Nullable Json at(Map<String, Json> object, String path) {
    int dot = path.indexOf('.');
    Json value =
        dot < 0 || object.containsKey(path)
            ? object.get(path)
            : inner(object.get(path.substring(0, dot)), path.substring(dot + 1));
    return value == null || value.kind() == Json.Kind.NULL ? null : value;
  }

  private static @Nullable Json inner(@Nullable Json object, String path) {
    return object == null ? null : at(object.members(), path);
  }

  @Override
  public List<Convention.Line> lines() {
    return members.stream()
        .map(
            member ->
                new Convention.Line(
                    member.meaning().name().toLowerCase(Locale.ROOT),
                    "in `"
                        + attribute
                        + "`: "
                        + member.paths().stream()
                            .map(path -> "`" + path + "`")
                            .collect(Collectors.joining(", "))))
        .toList();
  }
}
