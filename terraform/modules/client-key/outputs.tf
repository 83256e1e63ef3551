output "arn" {
  description = "The ARN of the key that the client encrypts items with."
  value       = aws_kms_key.this.arn
}
