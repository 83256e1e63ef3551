package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.EphemeralPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.KmsPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsPublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.PublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.RawEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.RawPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.primitives.model.ECDHCurveSpec;

/** Creates ECDH keyrings, with the keys of sender and recipient given as bytes or kept in KMS. */
final class Ecdh {
  private Ecdh() {}

  static IKeyring raw(MaterialProviders providers, JsonNode spec, JsonNode keys) {
    return providers.CreateRawEcdhKeyring(CreateRawEcdhKeyringInput.builder()
        .curveSpec(curve(spec))
        .KeyAgreementScheme(rawScheme(spec, keys))
        .build());
  }

  static IKeyring kms(MaterialProviders providers, JsonNode spec, JsonNode keys) {
    var ownRole = Wire.string(spec, "scheme").equals("discovery") ? "recipient" : "sender";
    return providers.CreateAwsKmsEcdhKeyring(CreateAwsKmsEcdhKeyringInput.builder()
        .curveSpec(curve(spec))
        .KeyAgreementScheme(kmsScheme(spec, keys))
        .kmsClient(Clients.kms(Clients.regionOf(arn(party(spec, keys, ownRole)))))
        .build());
  }

  private static RawEcdhStaticConfigurations rawScheme(JsonNode spec, JsonNode keys) {
    var recipient = party(spec, keys, "recipient");
    var scheme = RawEcdhStaticConfigurations.builder();
    switch (Wire.string(spec, "scheme")) {
      case "static" -> scheme.RawPrivateKeyToStaticPublicKey(RawPrivateKeyToStaticPublicKeyInput.builder()
          .senderStaticPrivateKey(privateKey(party(spec, keys, "sender")))
          .recipientPublicKey(publicKey(recipient))
          .build());
      case "ephemeral" -> scheme.EphemeralPrivateKeyToStaticPublicKey(
          EphemeralPrivateKeyToStaticPublicKeyInput.builder().recipientPublicKey(publicKey(recipient)).build());
      default -> scheme.PublicKeyDiscovery(
          PublicKeyDiscoveryInput.builder().recipientStaticPrivateKey(privateKey(recipient)).build());
    }
    return scheme.build();
  }

  private static KmsEcdhStaticConfigurations kmsScheme(JsonNode spec, JsonNode keys) {
    var recipient = party(spec, keys, "recipient");
    var scheme = KmsEcdhStaticConfigurations.builder();
    if (Wire.string(spec, "scheme").equals("discovery")) {
      return scheme.KmsPublicKeyDiscovery(
          KmsPublicKeyDiscoveryInput.builder().recipientKmsIdentifier(arn(recipient)).build()).build();
    }
    return scheme.KmsPrivateKeyToStaticPublicKey(KmsPrivateKeyToStaticPublicKeyInput.builder()
        .senderKmsIdentifier(arn(party(spec, keys, "sender")))
        .recipientPublicKey(publicKey(recipient))
        .build()).build();
  }

  private static JsonNode party(JsonNode spec, JsonNode keys, String role) {
    return keys.get(Wire.string(spec, role));
  }

  private static ECDHCurveSpec curve(JsonNode spec) {
    return ECDHCurveSpec.valueOf("ECC_NIST_" + Wire.string(spec, "curve").replace("-", ""));
  }

  private static ByteBuffer privateKey(JsonNode key) {
    return Wire.utf8(Wire.string(key, "private_key"));
  }

  private static ByteBuffer publicKey(JsonNode key) {
    return Wire.hex(Wire.string(key, "public_key_der"));
  }

  private static String arn(JsonNode key) {
    return Wire.string(key, "arn");
  }
}
