variable "name" {
  description = "The table's name, and the beginning of all other names: aliases, users and policies."
  type        = string
  default     = "dynaseal-demo"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{2,39}$", var.name))
    error_message = "name must be 3 to 40 letters, digits and hyphens, beginning with a letter, because it becomes part of user, alias and table names."
  }
}

variable "names" {
  description = "Names to use instead of those derived from name: the table's, the aliases' (without alias/) and the users'."
  type = object({
    table         = optional(string)
    client_alias  = optional(string)
    storage_alias = optional(string)
    full_user     = optional(string)
    limited_user  = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in values(var.names) : name == null || can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$", name))])
    error_message = "names must be 3 to 64 letters, digits, hyphens and underscores each, beginning with a letter or digit."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table; set it to true if you need the items."
  type        = bool
  default     = false # this stack is for demonstrations and is destroyed again
  nullable    = false
}

variable "key_deletion_window_days" {
  description = "Days between scheduling a key's deletion and the deletion. Without the client key, every item's secret is lost."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.key_deletion_window_days)
    error_message = "key_deletion_window_days must be a whole number from 7 to 30, the limits of KMS."
  }
}

variable "required_encryption_context" {
  description = "The encryption context that every use of the client key must have: names, each with its allowed values."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, values in var.required_encryption_context : length(name) > 0 && length(values) > 0])
    error_message = "required_encryption_context must have at least one value for each name, because a condition without values is never met."
  }
}

variable "trusted_principals" {
  description = "ARNs of principals of other accounts who may read the table and decrypt its items, if an IAM policy of their own account allows it too."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trusted_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "trusted_principals must be ARNs of users, roles or accounts (...:root), without wildcards."
  }
}

variable "grantable_principals" {
  description = "ARNs of principals of other accounts who may read the table, and may decrypt its items while they have a grant on the client key."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.grantable_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "grantable_principals must be ARNs of users or roles, without wildcards."
  }
}

variable "dotenv_path" {
  description = "The file for the settings of demo.py, relative to the folder that Terraform runs in; null writes no file."
  type        = string
  default     = "../.env"

  validation {
    condition     = var.dotenv_path == null || can(regex("[^/]$", var.dotenv_path))
    error_message = "dotenv_path must be the path of a file, or null."
  }
}

variable "tags" {
  description = "Tags for every resource that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not begin with \"aws:\": AWS reserves that prefix."
  }
}
