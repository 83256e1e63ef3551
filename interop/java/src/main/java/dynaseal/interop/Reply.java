package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import software.amazon.cryptography.materialproviders.model.CollectionOfErrors;

/** Makes an answer of what was done, or of the exception that AWS's library refused with. */
final class Refusal {
  private Refusal() {}

  static JsonNode orDone(Supplier<JsonNode> work) {
    var answer = JsonNodeFactory.instance.objectNode();
    try {
      return answer.set("done", work.get());
    } catch (RuntimeException refused) {
      return answer.put("refused", why(refused));
    }
  }

  private static String why(RuntimeException refused) {
    List<? extends Throwable> parts =
        refused instanceof CollectionOfErrors many ? many.list() : List.of();
    return parts.stream().map(Throwable::toString)
        .collect(Collectors.joining("; ", refused.toString(), ""));
  }
}
