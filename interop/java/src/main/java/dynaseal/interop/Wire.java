package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Converts DynamoDB JSON, with binary values as base64, to the SDK's values and back. */
final class Wire {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private Wire() {}

  static Map<String, AttributeValue> toItem(JsonNode item) {
    return map(item, Wire::toValue);
  }

  static AttributeValue toValue(JsonNode value) {
    var member = value.fields().next();
    var content = member.getValue();
    return switch (member.getKey()) {
      case "S" -> AttributeValue.fromS(content.textValue());
      case "N" -> AttributeValue.fromN(content.textValue());
      case "B" -> AttributeValue.fromB(toBytes(content));
      case "BOOL" -> AttributeValue.fromBool(content.booleanValue());
      case "NULL" -> AttributeValue.fromNul(content.booleanValue());
      case "SS" -> AttributeValue.fromSs(list(content, JsonNode::textValue));
      case "NS" -> AttributeValue.fromNs(list(content, JsonNode::textValue));
      case "BS" -> AttributeValue.fromBs(list(content, Wire::toBytes));
      case "L" -> AttributeValue.fromL(list(content, Wire::toValue));
      case "M" -> AttributeValue.fromM(toItem(content));
      default -> throw new IllegalArgumentException("DynamoDB does not have a type " + member.getKey());
    };
  }

  static ObjectNode fromItem(Map<String, AttributeValue> item) {
    var node = NODES.objectNode();
    item.forEach((name, value) -> node.set(name, fromValue(value)));
    return node;
  }

  private static JsonNode fromValue(AttributeValue value) {
    var node = NODES.objectNode();
    return switch (value.type()) {
      case S -> node.put("S", value.s());
      case N -> node.put("N", value.n());
      case B -> node.put("B", base64(value.b().asByteArray()));
      case BOOL -> node.put("BOOL", value.bool());
      case NUL -> node.put("NULL", value.nul());
      case SS -> node.set("SS", array(value.ss().stream().map(NODES::textNode)));
      case NS -> node.set("NS", array(value.ns().stream().map(NODES::textNode)));
      case BS -> node.set("BS", array(value.bs().stream().map(each -> NODES.textNode(base64(each.asByteArray())))));
      case L -> node.set("L", array(value.l().stream().map(Wire::fromValue)));
      case M -> node.set("M", fromItem(value.m()));
      case UNKNOWN_TO_SDK_VERSION -> throw new IllegalArgumentException("a value without a type");
    };
  }

  static ArrayNode array(Stream<? extends JsonNode> members) {
    var array = NODES.arrayNode();
    members.forEach(array::add);
    return array;
  }

  /** Returns the converted members of a list, or an empty list if it is absent. */
  static <T> List<T> list(JsonNode list, Function<JsonNode, T> each) {
    if (list == null || list.isNull()) {
      return List.of();
    }
    return StreamSupport.stream(list.spliterator(), false).map(each).toList();
  }

  /** Returns the converted members of an object, or an empty map if it is absent. */
  static <T> Map<String, T> map(JsonNode object, Function<JsonNode, T> each) {
    var map = new LinkedHashMap<String, T>();
    if (object != null) {
      object.fields().forEachRemaining(member -> map.put(member.getKey(), each.apply(member.getValue())));
    }
    return map;
  }

  /** Returns a member of an object as a string, or null if it is absent. */
  static String string(JsonNode object, String name) {
    return object.path(name).textValue();
  }

  static ByteBuffer utf8(String string) {
    return StandardCharsets.UTF_8.encode(string);
  }

  static ByteBuffer hex(String string) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(string));
  }

  static String hex(ByteBuffer bytes) {
    var copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }

  private static SdkBytes toBytes(JsonNode string) {
    return SdkBytes.fromByteArray(Base64.getDecoder().decode(string.textValue()));
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
