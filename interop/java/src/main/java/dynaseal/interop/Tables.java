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

/** Writes and searches a table, with beacons, through a client with AWS's encryption interceptor. */
final class Tables {
  private Tables() {}

  static JsonNode handle(String operation, JsonNode request) {
    var table = Wire.string(request.get("table"), "name");
    try (var client = client(request)) {
      return switch (operation) {
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
        .indexName(Wire.string(request, "IndexName"))
        .keyConditionExpression(Wire.string(request, "KeyConditionExpression"))
        .filterExpression(Wire.string(request, "FilterExpression"))
        .expressionAttributeValues(Wire.toItem(request.get("ExpressionAttributeValues")))).items());
  }

  private static JsonNode scan(DynamoDbClient client, String table, JsonNode request) {
    return items(client.scan(scan -> scan
        .tableName(table)
        .filterExpression(Wire.string(request, "FilterExpression"))
        .expressionAttributeValues(Wire.toItem(request.get("ExpressionAttributeValues")))).items());
  }

  private static JsonNode items(List<Map<String, AttributeValue>> items) {
    return Wire.array(items.stream().map(Wire::fromItem));
  }

  private static DynamoDbClient client(JsonNode request) {
    var table = request.get("table");
    var config = DynamoDbTableEncryptionConfig.builder()
        .logicalTableName(Wire.string(table, "name"))
        .partitionKeyName(Wire.string(table, "partition_key"))
        .sortKeyName(Wire.string(table, "sort_key"))
        .attributeActionsOnEncrypt(Wire.map(table.get("actions"), Items::action))
        .algorithmSuiteId(Items.suite(table))
        .keyring(Keyrings.of(request))
        .search(Searches.of(request.get("search"), KeyStores.of(request.get("branch_key"))))
        .build();
    var tables = DynamoDbTablesEncryptionConfig.builder()
        .tableEncryptionConfigs(Map.of(Wire.string(table, "name"), config))
        .build();
    return DynamoDbClient.builder()
        .region(Region.of(Wire.string(request, "region")))
        .overrideConfiguration(override -> override.addExecutionInterceptor(
            DynamoDbEncryptionInterceptor.builder().config(tables).build()))
        .build();
  }
}
