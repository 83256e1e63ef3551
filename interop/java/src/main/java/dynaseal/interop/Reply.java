package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import software.amazon.cryptography.materialproviders.model.CollectionOfErrors;

/** Creates the reply to a request: its result, or the message of the exception that was thrown. */
final class Reply {
  private Reply() {}

  static JsonNode of(Supplier<JsonNode> result) {
    var reply = JsonNodeFactory.instance.objectNode();
    try {
      return reply.set("done", result.get());
    } catch (RuntimeException refused) {
      return reply.put("refused", why(refused));
    }
  }

  private static String why(RuntimeException refused) {
    List<? extends Throwable> parts =
        refused instanceof CollectionOfErrors many ? many.list() : List.of();
    return parts.stream().map(Throwable::toString)
        .collect(Collectors.joining("; ", refused.toString(), ""));
  }
}
