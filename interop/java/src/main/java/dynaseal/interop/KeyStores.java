package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Map;
import software.amazon.cryptography.keystore.KeyStore;
import software.amazon.cryptography.keystore.model.BeaconKeyMaterials;
import software.amazon.cryptography.keystore.model.BranchKeyMaterials;
import software.amazon.cryptography.keystore.model.CreateKeyInput;
import software.amazon.cryptography.keystore.model.CreateKeyStoreInput;
import software.amazon.cryptography.keystore.model.GetActiveBranchKeyInput;
import software.amazon.cryptography.keystore.model.GetBeaconKeyInput;
import software.amazon.cryptography.keystore.model.GetBranchKeyVersionInput;
import software.amazon.cryptography.keystore.model.KMSConfiguration;
import software.amazon.cryptography.keystore.model.KeyStoreConfig;
import software.amazon.cryptography.keystore.model.VersionKeyInput;

/** Uses AWS's key store. Replies contain the keys in hex, to be compared: only for test keys. */
final class KeyStores {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private KeyStores() {}

  /** Returns the key store that a branch key's description names. */
  static KeyStore of(JsonNode branchKey) {
    var arn = Wire.string(branchKey, "kms_arn");
    var region = Clients.regionOf(arn);
    return KeyStore.builder().KeyStoreConfig(KeyStoreConfig.builder()
        .ddbClient(Clients.dynamoDb(region))
        .ddbTableName(Wire.string(branchKey, "key_store_table"))
        .logicalKeyStoreName(Wire.string(branchKey, "logical_key_store_name"))
        .kmsClient(Clients.kms(region))
        .kmsConfiguration(KMSConfiguration.builder().kmsKeyArn(arn).build())
        .build()).build();
  }

  static JsonNode handle(String operation, JsonNode request) {
    var branchKey = request.get("branch_key");
    var store = of(branchKey);
    var id = Wire.string(branchKey, "branch_key_id");
    return switch (operation) {
      case "create-table" -> NODES.textNode(
          store.CreateKeyStore(CreateKeyStoreInput.builder().build()).tableArn());
      case "create-key" -> NODES.textNode(store.CreateKey(CreateKeyInput.builder()
          .branchKeyIdentifier(id)
          .encryptionContext(Wire.map(request.get("context"), JsonNode::textValue))
          .build()).branchKeyIdentifier());
      case "version-key" -> {
        store.VersionKey(VersionKeyInput.builder().branchKeyIdentifier(id).build());
        yield NODES.nullNode();
      }
      case "active-key" -> toJson(store.GetActiveBranchKey(
          GetActiveBranchKeyInput.builder().branchKeyIdentifier(id).build()).branchKeyMaterials());
      case "key-version" -> toJson(store.GetBranchKeyVersion(GetBranchKeyVersionInput.builder()
          .branchKeyIdentifier(id)
          .branchKeyVersion(Wire.string(request, "version"))
          .build()).branchKeyMaterials());
      default -> toJson(store.GetBeaconKey(
          GetBeaconKeyInput.builder().branchKeyIdentifier(id).build()).beaconKeyMaterials());
    };
  }

  private static JsonNode toJson(BranchKeyMaterials key) {
    var node = NODES.objectNode()
        .put("version", key.branchKeyVersion())
        .put("key", Wire.hex(key.branchKey()));
    return node.set("context", toJson(key.encryptionContext()));
  }

  private static JsonNode toJson(BeaconKeyMaterials key) {
    var node = NODES.objectNode().put("key", Wire.hex(key.beaconKey()));
    return node.set("context", toJson(key.encryptionContext()));
  }

  private static JsonNode toJson(Map<String, String> members) {
    var node = NODES.objectNode();
    members.forEach(node::put);
    return node;
  }
}
