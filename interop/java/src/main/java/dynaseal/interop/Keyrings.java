package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.cryptography.materialproviders.IClientSupplier;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.AesWrappingAlg;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsDiscoveryKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsDiscoveryMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsHierarchicalKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkDiscoveryKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawAesKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.DiscoveryFilter;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;
import software.amazon.cryptography.materialproviders.model.PaddingScheme;

/** Creates AWS's keyring from a description: the kind of keyring and the names of its keys. */
final class Keyrings {
  private static final MaterialProviders PROVIDERS = MaterialProviders.builder()
      .MaterialProvidersConfig(MaterialProvidersConfig.builder().build())
      .build();
  private static final IClientSupplier KMS_OF_REGION = input -> Clients.kms(input.region());

  private final JsonNode keys;

  private Keyrings(JsonNode keys) {
    this.keys = keys;
  }

  /** Returns the keyring that a request describes, with the request's keys. */
  static IKeyring of(JsonNode request) {
    return new Keyrings(request.get("keys")).keyring(request.get("keyring"));
  }

  private IKeyring keyring(JsonNode spec) {
    var kind = Wire.string(spec, "kind");
    return switch (kind) {
      case "raw-aes" -> rawAes(key(spec));
      case "raw-rsa" -> rawRsa(key(spec), PaddingScheme.valueOf(Wire.string(spec, "padding")));
      case "raw-ecdh" -> Ecdh.raw(PROVIDERS, spec, keys);
      case "kms-ecdh" -> Ecdh.kms(PROVIDERS, spec, keys);
      case "multi" -> multi(spec);
      case "kms" -> kms(arn(Wire.string(spec, "key")));
      case "kms-mrk" -> kmsMrk(arn(Wire.string(spec, "key")));
      case "kms-rsa" -> kmsRsa(key(spec), Wire.string(spec, "algorithm"));
      case "kms-multi" -> kmsMulti(generator(spec), children(spec));
      case "kms-mrk-multi" -> kmsMrkMulti(generator(spec), children(spec));
      case "kms-discovery" -> kmsDiscovery(Wire.string(spec, "region"), filter(spec));
      case "kms-mrk-discovery" -> kmsMrkDiscovery(Wire.string(spec, "region"), filter(spec));
      case "kms-discovery-multi" -> kmsDiscoveryMulti(Wire.list(spec.get("regions"), JsonNode::textValue), filter(spec));
      case "hierarchical" -> hierarchical(spec);
      default -> throw new IllegalArgumentException("unknown kind of keyring " + kind);
    };
  }

  private IKeyring rawAes(JsonNode key) {
    var material = Wire.hex(Wire.string(key, "material"));
    return PROVIDERS.CreateRawAesKeyring(CreateRawAesKeyringInput.builder()
        .keyNamespace(Wire.string(key, "namespace"))
        .keyName(Wire.string(key, "name"))
        .wrappingKey(material)
        .wrappingAlg(AesWrappingAlg.valueOf("ALG_AES" + 8 * material.remaining() + "_GCM_IV12_TAG16"))
        .build());
  }

  private IKeyring rawRsa(JsonNode key, PaddingScheme padding) {
    return PROVIDERS.CreateRawRsaKeyring(CreateRawRsaKeyringInput.builder()
        .keyNamespace(Wire.string(key, "namespace"))
        .keyName(Wire.string(key, "name"))
        .paddingScheme(padding)
        .publicKey(Wire.utf8(Wire.string(key, "public_key")))
        .privateKey(Wire.utf8(Wire.string(key, "private_key")))
        .build());
  }

  private IKeyring multi(JsonNode spec) {
    return PROVIDERS.CreateMultiKeyring(CreateMultiKeyringInput.builder()
        .generator(keyring(spec.get("generator")))
        .childKeyrings(Wire.list(spec.get("children"), this::keyring))
        .build());
  }

  private IKeyring kms(String arn) {
    return PROVIDERS.CreateAwsKmsKeyring(CreateAwsKmsKeyringInput.builder()
        .kmsKeyId(arn)
        .kmsClient(Clients.kms(Clients.regionOf(arn)))
        .build());
  }

  private IKeyring kmsMrk(String arn) {
    return PROVIDERS.CreateAwsKmsMrkKeyring(CreateAwsKmsMrkKeyringInput.builder()
        .kmsKeyId(arn)
        .kmsClient(Clients.kms(Clients.regionOf(arn)))
        .build());
  }

  private IKeyring kmsRsa(JsonNode key, String algorithm) {
    var arn = Wire.string(key, "arn");
    return PROVIDERS.CreateAwsKmsRsaKeyring(CreateAwsKmsRsaKeyringInput.builder()
        .kmsKeyId(arn)
        .publicKey(Wire.utf8(Wire.string(key, "public_key")))
        .encryptionAlgorithm(EncryptionAlgorithmSpec.fromValue(algorithm))
        .kmsClient(Clients.kms(Clients.regionOf(arn)))
        .build());
  }

  private IKeyring kmsMulti(String generator, List<String> children) {
    return PROVIDERS.CreateAwsKmsMultiKeyring(CreateAwsKmsMultiKeyringInput.builder()
        .generator(generator)
        .kmsKeyIds(children)
        .clientSupplier(KMS_OF_REGION)
        .build());
  }

  private IKeyring kmsMrkMulti(String generator, List<String> children) {
    return PROVIDERS.CreateAwsKmsMrkMultiKeyring(CreateAwsKmsMrkMultiKeyringInput.builder()
        .generator(generator)
        .kmsKeyIds(children)
        .clientSupplier(KMS_OF_REGION)
        .build());
  }

  private IKeyring kmsDiscovery(String region, DiscoveryFilter filter) {
    return PROVIDERS.CreateAwsKmsDiscoveryKeyring(CreateAwsKmsDiscoveryKeyringInput.builder()
        .kmsClient(Clients.kms(region))
        .discoveryFilter(filter)
        .build());
  }

  private IKeyring kmsMrkDiscovery(String region, DiscoveryFilter filter) {
    return PROVIDERS.CreateAwsKmsMrkDiscoveryKeyring(CreateAwsKmsMrkDiscoveryKeyringInput.builder()
        .region(region)
        .kmsClient(Clients.kms(region))
        .discoveryFilter(filter)
        .build());
  }

  private IKeyring kmsDiscoveryMulti(List<String> regions, DiscoveryFilter filter) {
    return PROVIDERS.CreateAwsKmsDiscoveryMultiKeyring(CreateAwsKmsDiscoveryMultiKeyringInput.builder()
        .regions(regions)
        .clientSupplier(KMS_OF_REGION)
        .discoveryFilter(filter)
        .build());
  }

  private IKeyring hierarchical(JsonNode spec) {
    var keyring = CreateAwsKmsHierarchicalKeyringInput.builder().ttlSeconds(600);
    if (spec.has("supplier")) {
      var supplier = spec.get("supplier");
      keyring.keyStore(KeyStores.of(keys.get(Wire.string(supplier, "default"))));
      keyring.branchKeyIdSupplier(BranchKeyIds.supplier(supplier, keys));
    } else {
      var branchKey = keys.get(Wire.string(spec, "branch_key"));
      keyring.keyStore(KeyStores.of(branchKey));
      keyring.branchKeyId(Wire.string(branchKey, "branch_key_id"));
    }
    return PROVIDERS.CreateAwsKmsHierarchicalKeyring(keyring.build());
  }

  private static DiscoveryFilter filter(JsonNode spec) {
    var filter = spec.get("filter");
    return filter == null ? null : DiscoveryFilter.builder()
        .accountIds(Wire.list(filter.get("accounts"), JsonNode::textValue))
        .partition(Wire.string(filter, "partition"))
        .build();
  }

  private JsonNode key(JsonNode spec) {
    return keys.get(Wire.string(spec, "key"));
  }

  private String generator(JsonNode spec) {
    return arn(Wire.string(spec, "generator"));
  }

  private List<String> children(JsonNode spec) {
    return Wire.list(spec.get("children"), name -> arn(name.textValue()));
  }

  private String arn(String name) {
    return Wire.string(keys.get(name), "arn");
  }
}
