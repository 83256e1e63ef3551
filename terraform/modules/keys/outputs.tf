output "client_key_arn" {
  description = "The ARN of the key that the client encrypts items with."
  value       = aws_kms_key.client.arn
}

output "storage_key_arn" {
  description = "The ARN of the key that DynamoDB encrypts the stored table with."
  value       = aws_kms_key.storage.arn
}
