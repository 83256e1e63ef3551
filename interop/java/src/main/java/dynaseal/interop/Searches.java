package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.AsSet;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.BeaconKeySource;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.BeaconStyle;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.BeaconVersion;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.CompoundBeacon;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.Constructor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.ConstructorPart;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.EncryptedPart;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetPrefix;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetSegment;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetSegments;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetSubstring;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetSuffix;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.Insert;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.Lower;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.MultiKeyStore;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.PartOnly;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.SearchConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.Shared;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.SharedSet;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.SignedPart;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.SingleKeyStore;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.StandardBeacon;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.Upper;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.VirtualField;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.VirtualPart;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.VirtualTransform;
import software.amazon.cryptography.keystore.KeyStore;

/** Creates AWS's search configuration from a description as in {@code vectors/beacons.json}. */
final class Searches {
  private static final int TTL_SECONDS = 600;

  private Searches() {}

  static SearchConfig of(JsonNode spec, KeyStore store) {
    var version = BeaconVersion.builder()
        .version(1)
        .keyStore(store)
        .keySource(keySource(spec.get("key_source")))
        .standardBeacons(Wire.list(spec.get("standard_beacons"), Searches::standard));
    var compound = Wire.list(spec.get("compound_beacons"), Searches::compound);
    var virtual = Wire.list(spec.get("virtual_fields"), Searches::virtual);
    // AWS's library refuses empty lists.
    if (!compound.isEmpty()) {
      version.compoundBeacons(compound);
    }
    if (!virtual.isEmpty()) {
      version.virtualFields(virtual);
    }
    return SearchConfig.builder().versions(List.of(version.build())).writeVersion(1).build();
  }

  private static BeaconKeySource keySource(JsonNode spec) {
    if (spec.has("multi")) {
      var multi = MultiKeyStore.builder()
          .keyFieldName(Wire.string(spec.get("multi"), "key_field_name"))
          .cacheTTL(TTL_SECONDS);
      return BeaconKeySource.builder().multi(multi.build()).build();
    }
    var single = SingleKeyStore.builder().keyId(Wire.string(spec.get("single"), "key_id")).cacheTTL(TTL_SECONDS);
    return BeaconKeySource.builder().single(single.build()).build();
  }

  private static StandardBeacon standard(JsonNode spec) {
    var beacon = StandardBeacon.builder()
        .name(Wire.string(spec, "name"))
        .length(spec.get("length").intValue())
        .loc(Wire.string(spec, "loc"));
    if (spec.has("style")) {
      beacon.style(style(Wire.string(spec, "style"), Wire.string(spec, "other")));
    }
    return beacon.build();
  }

  private static BeaconStyle style(String name, String other) {
    var style = BeaconStyle.builder();
    return switch (name) {
      case "asSet" -> style.asSet(AsSet.builder().build()).build();
      case "partOnly" -> style.partOnly(PartOnly.builder().build()).build();
      case "shared" -> style.shared(Shared.builder().other(other).build()).build();
      case "sharedSet" -> style.sharedSet(SharedSet.builder().other(other).build()).build();
      default -> throw new IllegalArgumentException("unknown beacon style " + name);
    };
  }

  private static CompoundBeacon compound(JsonNode spec) {
    var beacon = CompoundBeacon.builder().name(Wire.string(spec, "name")).split(Wire.string(spec, "split"));
    var encrypted = Wire.list(spec.get("encrypted_parts"), part -> EncryptedPart.builder()
        .name(Wire.string(part, "name")).prefix(Wire.string(part, "prefix")).build());
    var signed = Wire.list(spec.get("signed_parts"), part -> SignedPart.builder()
        .name(Wire.string(part, "name")).prefix(Wire.string(part, "prefix")).loc(Wire.string(part, "loc")).build());
    var constructors = Wire.list(spec.get("constructors"), parts -> Constructor.builder()
        .parts(Wire.list(parts, part -> ConstructorPart.builder()
            .name(Wire.string(part, "name")).required(part.get("required").booleanValue()).build()))
        .build());
    if (!encrypted.isEmpty()) {
      beacon.encrypted(encrypted);
    }
    if (!signed.isEmpty()) {
      beacon.signed(signed);
    }
    if (!constructors.isEmpty()) {
      beacon.constructors(constructors);
    }
    return beacon.build();
  }

  private static VirtualField virtual(JsonNode spec) {
    return VirtualField.builder()
        .name(Wire.string(spec, "name"))
        .parts(Wire.list(spec.get("parts"), Searches::virtualPart))
        .build();
  }

  private static VirtualPart virtualPart(JsonNode spec) {
    var part = VirtualPart.builder().loc(Wire.string(spec, "loc"));
    var transforms = Wire.list(spec.get("transforms"), Searches::transform);
    return transforms.isEmpty() ? part.build() : part.trans(transforms).build();
  }

  private static VirtualTransform transform(JsonNode spec) {
    var name = spec.fieldNames().next();
    var arguments = spec.get(name);
    var transform = VirtualTransform.builder();
    return switch (name) {
      case "upper" -> transform.upper(Upper.builder().build()).build();
      case "lower" -> transform.lower(Lower.builder().build()).build();
      case "insert" -> transform.insert(Insert.builder().literal(Wire.string(arguments, "literal")).build()).build();
      case "prefix" -> transform.prefix(GetPrefix.builder().length(number(arguments, "length")).build()).build();
      case "suffix" -> transform.suffix(GetSuffix.builder().length(number(arguments, "length")).build()).build();
      case "substring" -> transform.substring(GetSubstring.builder()
          .low(number(arguments, "low")).high(number(arguments, "high")).build()).build();
      case "segment" -> transform.segment(GetSegment.builder()
          .split(Wire.string(arguments, "split")).index(number(arguments, "index")).build()).build();
      case "segments" -> transform.segments(GetSegments.builder()
          .split(Wire.string(arguments, "split")).low(number(arguments, "low")).high(number(arguments, "high")).build()).build();
      default -> throw new IllegalArgumentException("unknown transform " + name);
    };
  }

  private static int number(JsonNode object, String name) {
    return object.get(name).intValue();
  }
}
