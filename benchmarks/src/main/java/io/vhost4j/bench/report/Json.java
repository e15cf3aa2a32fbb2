package io.vhost4j.bench.report;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes results as JSON: records, maps, lists, arrays of double, numbers, booleans and text. */
public final class Json {
  private Json() {}

  /** The JSON text of a value; null and numbers that are none are null. */
  public static String of(@Nullable Object value) {
    if (value == null || (value instanceof Double number && !Double.isFinite(number))) {
      return "null";
    }
    if (value instanceof Double number) {
      return Math.abs(number) < 1e15 && number == Math.rint(number)
          ? Long.toString(number.longValue())
          : Double.toString(Math.rint(number * 1e6) / 1e6);
    }
    if (value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    if (value instanceof double[] numbers) {
      return of(Arrays.stream(numbers).boxed().toList());
    }
    if (value instanceof List<?> list) {
      return list.stream().map(Json::of).collect(Collectors.joining(", ", "[", "]"));
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> quoted(entry.getKey().toString()) + ": " + of(entry.getValue()))
          .collect(Collectors.joining(",\n", "{\n", "\n}"));
    }
    return value instanceof Record data ? of(fields(data)) : quoted(value.toString());
  }

  private static Map<String, @Nullable Object> fields(Record data) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (RecordComponent component : data.getClass().getRecordComponents()) {
      try {
        fields.put(component.getName(), component.getAccessor().invoke(data));
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new IllegalArgumentException("not a public record: " + data.getClass(), e);
      }
    }
    return fields;
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
