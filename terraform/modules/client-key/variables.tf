variable "name" {
  description = "The stack's name, for the key's description."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,200}$", var.name))
    error_message = "name must be letters, digits, hyphens and underscores."
  }
}

variable "alias" {
  description = "The key's alias, without alias/."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,200}$", var.alias))
    error_message = "alias must be letters, digits, hyphens and underscores, which a KMS alias may have."
  }
}

variable "deletion_window_days" {
  description = "Days between the key's scheduled and its real deletion."
  type        = number
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.deletion_window_days)
    error_message = "deletion_window_days must be a whole number from 7 to 30, the bounds of KMS."
  }
}

variable "required_encryption_context" {
  description = "The encryption context without which nobody may use the key: names, each with the values that it may have."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, values in var.required_encryption_context : length(name) > 0 && length(values) > 0])
    error_message = "required_encryption_context must give at least one value for each name: a condition without values never holds."
  }
}

variable "trusted_principals" {
  description = "ARNs of other accounts' principals who may decrypt by the key's policy, together with an IAM policy of their own account."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trusted_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "trusted_principals must be ARNs of users, roles or accounts (...:root), without wildcards."
  }
}

variable "grantable_principals" {
  description = "ARNs of other accounts' principals for whom this account's IAM policies may let grants be made, of decryption alone."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.grantable_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "grantable_principals must be ARNs of users or roles, without wildcards."
  }
}

variable "tags" {
  description = "Tags for the key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not begin with \"aws:\": AWS keeps that prefix for itself."
  }
}
