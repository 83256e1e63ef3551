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
    error_message = "alias must be letters, digits, hyphens and underscores, as KMS requires."
  }
}

variable "deletion_window_days" {
  description = "Days between scheduling the key's deletion and the deletion."
  type        = number
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.deletion_window_days)
    error_message = "deletion_window_days must be a whole number from 7 to 30, the limits of KMS."
  }
}

variable "required_encryption_context" {
  description = "The encryption context that every use of the key must have: names, each with its allowed values."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, values in var.required_encryption_context : length(name) > 0 && length(values) > 0])
    error_message = "required_encryption_context must have at least one value for each name, because a condition without values is never met."
  }
}

variable "trusted_principals" {
  description = "ARNs of principals of other accounts whom the key's policy allows to decrypt, if an IAM policy of their own account allows it too."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trusted_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "trusted_principals must be ARNs of users, roles or accounts (...:root), without wildcards."
  }
}

variable "grantable_principals" {
  description = "ARNs of principals of other accounts for whom this account may create grants, for decryption only."
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
    error_message = "tags must not begin with \"aws:\": AWS reserves that prefix."
  }
}
