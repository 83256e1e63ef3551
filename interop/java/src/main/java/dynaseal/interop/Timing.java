package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.lang.management.ManagementFactory;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DecryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.EncryptItemInput;

/** Measures the processor time of one item, in this thread: without compiling and collecting garbage. */
final class Timing {
  private Timing() {}

  /** Returns the microseconds to encrypt an item and to decrypt it. */
  static JsonNode handle(JsonNode request) {
    var encryptor = Items.encryptor(request.get("table"), Keyrings.of(request));
    var plaintext = EncryptItemInput.builder().plaintextItem(Wire.toItem(request.get("item"))).build();
    var encrypted = DecryptItemInput.builder()
        .encryptedItem(encryptor.EncryptItem(plaintext).encryptedItem())
        .build();
    var repeat = request.get("repeat").intValue();
    return JsonNodeFactory.instance.objectNode()
        .put("encrypt", microseconds(repeat, () -> encryptor.EncryptItem(plaintext)))
        .put("decrypt", microseconds(repeat, () -> encryptor.DecryptItem(encrypted)));
  }

  private static double microseconds(int repeat, Runnable work) {
    var thread = ManagementFactory.getThreadMXBean();
    var start = thread.getCurrentThreadCpuTime();
    for (var round = 0; round < repeat; round++) {
      work.run();
    }
    return (thread.getCurrentThreadCpuTime() - start) / 1000.0 / repeat;
  }
}
