output "region" {
  description = "The Region that the stack is in."
  value       = data.aws_region.current.name
}

output "table_name" {
  description = "The table's name."
  value       = aws_dynamodb_table.items.name
}

output "table_arn" {
  description = "The table's ARN."
  value       = aws_dynamodb_table.items.arn
}

output "client_key_arn" {
  description = "The ARN of the key that the client encrypts items with."
  value       = module.client_key.arn
}

output "storage_key_arn" {
  description = "The ARN of the key that DynamoDB encrypts the stored table with."
  value       = module.storage_key.arn
}

output "full_user_name" {
  description = "The user who may use the client key."
  value       = module.access.full_user_name
}

output "limited_user_name" {
  description = "The user with the same access to the table, but without access to the client key."
  value       = module.access.limited_user_name
}
