output "queryable_table_name" {
  description = "The name of the table with an index on a beacon."
  value       = aws_dynamodb_table.queryable.name
}

output "surrogate_keys_table_name" {
  description = "The name of the table whose partition key holds tokens."
  value       = aws_dynamodb_table.surrogate_keys.name
}

output "key_store_table_name" {
  description = "The name of the key store's table, which is also its logical name."
  value       = aws_dynamodb_table.keys.name
}

output "key_store_kms_key_arn" {
  description = "The ARN of the KMS key that wraps every key of the key store."
  value       = aws_kms_key.keys.arn
}

output "application_policy_arn" {
  description = "The ARN of the policy for programs that search; attach it to the user or role that runs the scripts."
  value       = aws_iam_policy.application.arn
}
