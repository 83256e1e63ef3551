package dynaseal.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.DynamoDbEncryptionInterceptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.DynamoDbTableEncryptionConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.DynamoDbTablesEncryptionConfig;

/** Writes and searches a table through AWS's interceptor on the SDK's client, beacons included. */
final class Tables {
  private Tables() {}

  static JsonNode answer(String work, JsonNode request) {
    var table = Wire.text(request.get("table"), "name");
    try (var client = client(request)) {
      return switch (work) {
        case "put" -> put(client, table, Wire.list(request.get("items"), Wire::toItem));
        case "query" -> query(client, table, request.get("request"));
        default -> scan(client, table, request.get("request"));
      };
    }
  }

  private static JsonNode put(DynamoDbClient client, String table, List<Map<String, AttributeValue>> items) {
    items.forEach(item -> client.putItem(put -> put.tableName(table).item(item)));
    return JsonNodeFactory.instance.numberNode(items.size());
  }

  private static JsonNode query(DynamoDbClient client, String table, JsonNode request) {
    return items(client.query(query -> query
        .tableName(table)
        .indexName(Wire.text(request, "IndexName"))
        .keyConditionExpression(Wire.text(request, "KeyConditionExpression"))
        .filterExpression(Wire.text(request, "FilterExpression"))
        .expressionAttributeValues(Wire.toItem(request.get("ExpressionAttributeValues")))).items());
  }

  private static JsonNode scan(DynamoDbClient client, String table, JsonNode request) {
    return items(client.scan(scan -> scan
        .tableName(table)
        .filterExpression(Wire.text(request, "FilterExpression"))
        .expressionAttributeValues(Wire.toItem(request.get("ExpressionAttributeValues")))).items());
  }

  private static JsonNode items(List<Map<String, AttributeValue>> items) {
    return Wire.array(items.stream().map(Wire::fromItem));
  }

  private static DynamoDbClient client(JsonNode request) {
    var table = request.get("table");
    var config = DynamoDbTableEncryptionConfig.builder()
        .logicalTableName(Wire.text(table, "name"))
        .partitionKeyName(Wire.text(table, "partition_key"))
        .sortKeyName(Wire.text(table, "sort_key"))
        .attributeActionsOnEncrypt(Wire.map(table.get("actions"), Items::action))
        .algorithmSuiteId(Items.suite(table))
        .keyring(Keyrings.of(request))
        .search(Searches.of(request.get("search"), KeyStores.of(request.get("branch_key"))))
        .build();
    var tables = DynamoDbTablesEncryptionConfig.builder()
        .tableEncryptionConfigs(Map.of(Wire.text(table, "name"), config))
        .build();
    return DynamoDbClient.builder()
        .region(Region.of(Wire.text(request, "region")))
        .overrideConfiguration(override -> override.addExecutionInterceptor(
            DynamoDbEncryptionInterceptor.builder().config(tables).build()))
        .build();
  }
}
