output "arn" {
  description = "The ARN of the key that DynamoDB encrypts the stored table with."
  value       = aws_kms_key.this.arn
}
