output "policy_json" {
  description = "The statements at the beginning of every key policy, for source_policy_documents."
  value       = data.aws_iam_policy_document.administration.json
}

output "account_id" {
  description = "The account that the keys are in."
  value       = local.account
}

output "account_principal" {
  description = "The account as a principal; in a key policy it means the principals whom the account's IAM policies allow."
  value       = local.account_principal
}
