package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.DynamoDbEncryption;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.IDynamoDbKeyBranchKeyIdSupplier;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.CreateDynamoDbEncryptionBranchKeyIdSupplierInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.DynamoDbEncryptionConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetBranchKeyIdFromDdbKeyInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetBranchKeyIdFromDdbKeyOutput;
import software.amazon.cryptography.materialproviders.IBranchKeyIdSupplier;

/** Chooses an item's branch key by the string value of one of its key attributes. */
record BranchKeyIds(JsonNode spec, JsonNode keys) implements IDynamoDbKeyBranchKeyIdSupplier {
  static IBranchKeyIdSupplier supplier(JsonNode spec, JsonNode keys) {
    return DynamoDbEncryption.builder()
        .DynamoDbEncryptionConfig(DynamoDbEncryptionConfig.builder().build())
        .build()
        .CreateDynamoDbEncryptionBranchKeyIdSupplier(
            CreateDynamoDbEncryptionBranchKeyIdSupplierInput.builder()
                .ddbKeyBranchKeyIdSupplier(new BranchKeyIds(spec, keys))
                .build())
        .branchKeyIdSupplier();
  }

  @Override
  public GetBranchKeyIdFromDdbKeyOutput GetBranchKeyIdFromDdbKey(GetBranchKeyIdFromDdbKeyInput input) {
    var value = input.ddbKey().get(Wire.string(spec, "attribute")).s();
    var keyName = value == null ? null : Wire.string(spec.get("values"), value);
    var key = keys.get(keyName == null ? Wire.string(spec, "default") : keyName);
    return GetBranchKeyIdFromDdbKeyOutput.builder().branchKeyId(Wire.string(key, "branch_key_id")).build();
  }
}
