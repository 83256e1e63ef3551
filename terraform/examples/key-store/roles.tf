# What each role may do with the key store. The key policy (main.tf) limits both.

# To fetch a key, the reader calls GetItem and Decrypt once each. Both are allowed only for the named branch keys.
data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "RecordsOfBranchKeys"
    resources = [aws_dynamodb_table.keys.arn]
    actions   = ["dynamodb:GetItem"]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = var.reader_branch_keys
    }

    # ForAllValues is also true if there are no values at all.
    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }

  statement {
    sid       = "BranchKeys"
    resources = [aws_kms_key.keys.arn]
    actions   = ["kms:Decrypt"]

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:branch-key-id"
      values   = var.reader_branch_keys
    }
  }
}

# To create and version keys, the administrator writes records with PutItem in a transaction. There is no Decrypt, so the
# administrator cannot read a key, and no DeleteItem, because without its branch key every item under it is lost.
data "aws_iam_policy_document" "administrator" {
  statement {
    sid       = "RecordsOfBranchKeys"
    resources = [aws_dynamodb_table.keys.arn]
    actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem"]
  }

  statement {
    sid       = "NewBranchKeys"
    resources = [aws_kms_key.keys.arn]
    actions   = ["kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = {
    reader        = var.reader_principals
    administrator = var.administrator_principals
  }

  statement {
    sid     = "AssumedThroughIam"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = coalescelist(each.value, [module.key_administration.account_principal])
    }
  }
}

resource "aws_iam_role" "reader" {
  name               = "${var.name}-reader"
  description        = "Reads branch keys and beacon keys of ${var.name}: programs that encrypt and decrypt items"
  assume_role_policy = data.aws_iam_policy_document.trust["reader"].json
}

resource "aws_iam_role_policy" "reader" {
  name   = "read-keys"
  role   = aws_iam_role.reader.name
  policy = data.aws_iam_policy_document.reader.json
}

resource "aws_iam_role" "administrator" {
  name               = "${var.name}-administrator"
  description        = "Creates and versions branch keys of ${var.name}, but cannot read them"
  assume_role_policy = data.aws_iam_policy_document.trust["administrator"].json
}

resource "aws_iam_role_policy" "administrator" {
  name   = "make-keys"
  role   = aws_iam_role.administrator.name
  policy = data.aws_iam_policy_document.administrator.json
}
