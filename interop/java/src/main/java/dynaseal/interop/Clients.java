package dynaseal.interop;

import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/** Creates clients. The SDK takes their endpoint and credentials from environment variables. */
final class Clients {
  private Clients() {}

  static KmsClient kms(String region) {
    return KmsClient.builder().region(Region.of(region)).build();
  }

  static DynamoDbClient dynamoDb(String region) {
    return DynamoDbClient.builder().region(Region.of(region)).build();
  }

  static String regionOf(String arn) {
    return arn.split(":")[3];
  }
}
