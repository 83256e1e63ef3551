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
 * Reads requests, one JSON object per line, from standard input, and writes one reply per line to
 * standard output.
 *
 * <p>A reply is {@code {"done": ...}} or {@code {"refused": "why"}}. No request depends on an earlier
 * one. The README lists the requests.
 */
public final class Main {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Main() {}

  public static void main(String[] arguments) throws IOException {
    var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var replies = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    // What libraries print goes to standard error, so that it is not mixed with the replies.
    System.setOut(System.err);
    for (var line = requests.readLine(); line != null; line = requests.readLine()) {
      var request = JSON.readTree(line);
      replies.println(JSON.writeValueAsString(Reply.of(() -> handle(request))));
    }
  }

  private static JsonNode handle(JsonNode request) {
    var operation = request.get("do").textValue();
    return switch (operation) {
      case "versions" -> versions();
      case "encrypt", "decrypt" -> Items.handle(operation, request);
      case "measure" -> Timing.handle(request);
      case "create-table", "create-key", "version-key", "active-key", "key-version", "beacon-key" ->
          KeyStores.handle(operation, request);
      case "put", "query", "scan" -> Tables.handle(operation, request);
      default -> throw new IllegalArgumentException("unknown request " + operation);
    };
  }

  private static JsonNode versions() {
    var jar = DynamoDbItemEncryptor.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    return JsonNodeFactory.instance.objectNode()
        .put("java", System.getProperty("java.version"))
        .put("library", jar.substring(jar.lastIndexOf('/') + 1));
  }
}
