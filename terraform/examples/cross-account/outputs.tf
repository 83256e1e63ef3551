output "table_arn" {
  description = "The ARN of the table; the consumer's programs use it in place of the name."
  value       = module.owner.table_arn
}

output "client_key_arn" {
  description = "The ARN of the key that items are encrypted with."
  value       = module.owner.client_key_arn
}

output "writer_user_name" {
  description = "The owner's user who writes and reads items."
  value       = module.owner.full_user_name
}

output "reader_role_arn" {
  description = "The consumer's role that the client key's policy names."
  value       = aws_iam_role.consumer["reader"].arn
}

output "auditor_role_arn" {
  description = "The consumer's role that has a grant on the client key."
  value       = aws_iam_role.consumer["auditor"].arn
}

output "auditor_grant_id" {
  description = "The grant's id, for aws kms revoke-grant."
  value       = aws_kms_grant.auditor.grant_id
}
