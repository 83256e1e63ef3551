package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;

/**
 * Answers each line of standard input, a request in JSON, with one line on standard output.
 *
 * <p>The answer is {@code {"done": ...}}, or {@code {"refused": "why"}}. No request depends on an
 * earlier one; the README lists them.
 */
public final class Main {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Main() {}

  public static void main(String[] arguments) throws IOException {
    var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var replies = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    // Whatever a library prints must not come between the replies.
    System.setOut(System.err);
    for (var line = requests.readLine(); line != null; line = requests.readLine()) {
      var request = JSON.readTree(line);
      replies.println(JSON.writeValueAsString(Refusal.orDone(() -> answer(request))));
    }
  }

  private static JsonNode answer(JsonNode request) {
    var work = request.get("do").textValue();
    return switch (work) {
      case "versions" -> versions();
      case "encrypt", "decrypt" -> Items.answer(work, request);
      case "create-table", "create-key", "version-key", "active-key", "key-version", "beacon-key" ->
          KeyStores.answer(work, request);
      case "put", "query", "scan" -> Tables.answer(work, request);
      default -> throw new IllegalArgumentException("there is no request " + work);
    };
  }

  private static JsonNode versions() {
    var jar = DynamoDbItemEncryptor.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    return JsonNodeFactory.instance.objectNode()
        .put("java", System.getProperty("java.version"))
        .put("library", jar.substring(jar.lastIndexOf('/') + 1));
  }
}
