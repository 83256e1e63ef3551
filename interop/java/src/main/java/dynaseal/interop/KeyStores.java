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

/** AWS's key store. Its keys are shown, in hex, to be compared: it is for keys of tests. */
final class KeyStores {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private KeyStores() {}

  /** The key store that a branch key's description names. */
  static KeyStore of(JsonNode branchKey) {
    var arn = Wire.text(branchKey, "kms_arn");
    var region = Clients.regionOf(arn);
    return KeyStore.builder().KeyStoreConfig(KeyStoreConfig.builder()
        .ddbClient(Clients.dynamoDb(region))
        .ddbTableName(Wire.text(branchKey, "key_store_table"))
        .logicalKeyStoreName(Wire.text(branchKey, "logical_key_store_name"))
        .kmsClient(Clients.kms(region))
        .kmsConfiguration(KMSConfiguration.builder().kmsKeyArn(arn).build())
        .build()).build();
  }

  static JsonNode answer(String work, JsonNode request) {
    var branchKey = request.get("branch_key");
    var store = of(branchKey);
    var id = Wire.text(branchKey, "branch_key_id");
    return switch (work) {
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
      case "active-key" -> shown(store.GetActiveBranchKey(
          GetActiveBranchKeyInput.builder().branchKeyIdentifier(id).build()).branchKeyMaterials());
      case "key-version" -> shown(store.GetBranchKeyVersion(GetBranchKeyVersionInput.builder()
          .branchKeyIdentifier(id)
          .branchKeyVersion(Wire.text(request, "version"))
          .build()).branchKeyMaterials());
      default -> shown(store.GetBeaconKey(
          GetBeaconKeyInput.builder().branchKeyIdentifier(id).build()).beaconKeyMaterials());
    };
  }

  private static JsonNode shown(BranchKeyMaterials key) {
    var node = NODES.objectNode()
        .put("version", key.branchKeyVersion())
        .put("key", Wire.hex(key.branchKey()));
    return node.set("context", texts(key.encryptionContext()));
  }

  private static JsonNode shown(BeaconKeyMaterials key) {
    var node = NODES.objectNode().put("key", Wire.hex(key.beaconKey()));
    return node.set("context", texts(key.encryptionContext()));
  }

  private static JsonNode texts(Map<String, String> members) {
    var node = NODES.objectNode();
    members.forEach(node::put);
    return node;
  }
}
