output "table_name" {
  description = "The name of the key store's table."
  value       = aws_dynamodb_table.keys.name
}

output "logical_key_store_name" {
  description = "The name that is bound to every key."
  value       = local.logical_name
}

output "kms_key_arn" {
  description = "The ARN of the KMS key that wraps every key."
  value       = aws_kms_key.keys.arn
}

output "reader_role_arn" {
  description = "The role of programs that encrypt and decrypt items."
  value       = aws_iam_role.reader.arn
}

output "administrator_role_arn" {
  description = "The role that creates and versions keys."
  value       = aws_iam_role.administrator.arn
}
