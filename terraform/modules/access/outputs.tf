output "full_user_name" {
  description = "The user who may use the client key."
  value       = aws_iam_user.full.name
}

output "limited_user_name" {
  description = "The user who may not use the client key."
  value       = aws_iam_user.limited.name
}
