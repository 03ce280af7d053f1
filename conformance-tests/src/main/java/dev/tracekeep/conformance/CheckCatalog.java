package dev.tracekeep.conformance;

import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** All checks of the kit by their groups, the scenarios first. */
final class CheckCatalog {
  private CheckCatalog() {}

  static Map<String, List<String>> groups() {
    Deque<Class<?>> classes = new ArrayDeque<>();
    for (Class<?> type = StorageConformanceKit.class;
        type != null && type != Object.class;
        type = type.getSuperclass()) {
      classes.push(type);
    }
    Map<String, List<String>> groups = new LinkedHashMap<>();
    for (Class<?> type : classes) {
      CheckGroup group = type.getAnnotation(CheckGroup.class);
      if (group != null) {
        groups.put(
            group.value(),
            Arrays.stream(type.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(Method::getName)
                .sorted()
                .toList());
      }
    }
    return groups;
  }
}
