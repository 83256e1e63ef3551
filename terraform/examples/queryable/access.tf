# The permissions of a program that searches. None is about beacons: to IAM, beacons and tokens are ordinary attributes.

data "aws_iam_policy_document" "application" {
  statement {
    sid       = "ItemsOfTheTables"
    resources = [aws_dynamodb_table.queryable.arn, aws_dynamodb_table.surrogate_keys.arn]
    actions = [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
    ]
  }

  # An index has its own ARN.
  statement {
    sid       = "SearchesOfTheIndex"
    resources = ["${aws_dynamodb_table.queryable.arn}/index/*"]
    actions   = ["dynamodb:Query"]
  }

  statement {
    sid       = "RecordsOfBranchKeys"
    resources = [aws_dynamodb_table.keys.arn]
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
  }

  statement {
    sid       = "BranchKeys"
    resources = [aws_kms_key.keys.arn]
    actions   = ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
  }
}

resource "aws_iam_policy" "application" {
  name        = "${var.name}-application"
  description = "Searches the tables of ${var.name} by encrypted values"
  policy      = data.aws_iam_policy_document.application.json
}
