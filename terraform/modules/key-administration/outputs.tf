output "policy_json" {
  description = "The statements that every key's policy begins with, for source_policy_documents."
  value       = data.aws_iam_policy_document.administration.json
}

output "account_id" {
  description = "The account that the keys are in."
  value       = local.account
}

output "account_principal" {
  description = "The account as a principal: in a key's policy, whoever the account's IAM policies name."
  value       = local.account_principal
}
