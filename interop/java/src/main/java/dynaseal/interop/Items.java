package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.UnaryOperator;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DecryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DynamoDbItemEncryptorConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.EncryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.structuredencryption.model.CryptoAction;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.model.DBEAlgorithmSuiteId;

/** Encrypts and decrypts items with AWS's item encryptor. Each item has its own reply. */
final class Items {
  private Items() {}

  static JsonNode handle(String operation, JsonNode request) {
    var encryptor = encryptor(request.get("table"), Keyrings.of(request));
    UnaryOperator<JsonNode> convert =
        operation.equals("encrypt") ? item -> encrypt(encryptor, item) : item -> decrypt(encryptor, item);
    return Wire.array(
        Wire.list(request.get("items"), item -> Reply.of(() -> convert.apply(item))).stream());
  }

  private static JsonNode encrypt(DynamoDbItemEncryptor encryptor, JsonNode item) {
    var input = EncryptItemInput.builder().plaintextItem(Wire.toItem(item)).build();
    return Wire.fromItem(encryptor.EncryptItem(input).encryptedItem());
  }

  private static JsonNode decrypt(DynamoDbItemEncryptor encryptor, JsonNode item) {
    var input = DecryptItemInput.builder().encryptedItem(Wire.toItem(item)).build();
    return Wire.fromItem(encryptor.DecryptItem(input).plaintextItem());
  }

  static DynamoDbItemEncryptor encryptor(JsonNode table, IKeyring keyring) {
    var config = DynamoDbItemEncryptorConfig.builder()
        .logicalTableName(Wire.string(table, "name"))
        .partitionKeyName(Wire.string(table, "partition_key"))
        .sortKeyName(Wire.string(table, "sort_key"))
        .attributeActionsOnEncrypt(Wire.map(table.get("actions"), Items::action))
        .allowedUnsignedAttributePrefix(Wire.string(table, "unsigned_prefix"))
        .algorithmSuiteId(suite(table))
        .keyring(keyring);
    var unsigned = Wire.list(table.get("unsigned"), JsonNode::textValue);
    // AWS's library refuses an empty list.
    if (!unsigned.isEmpty()) {
      config.allowedUnsignedAttributes(unsigned);
    }
    return DynamoDbItemEncryptor.builder().DynamoDbItemEncryptorConfig(config.build()).build();
  }

  static CryptoAction action(JsonNode name) {
    return CryptoAction.valueOf(name.textValue());
  }

  static DBEAlgorithmSuiteId suite(JsonNode table) {
    return switch (Wire.string(table, "suite")) {
      case "0x6700" -> DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384;
      case "0x6701" -> DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384;
      default -> throw new IllegalArgumentException("unknown algorithm suite " + Wire.string(table, "suite"));
    };
  }
}
