variable "name" {
  description = "The table's name, and the first part of every other name: aliases, users and policies."
  type        = string
  default     = "dynaseal-demo"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{2,39}$", var.name))
    error_message = "name must be 3 to 40 letters, digits and hyphens, a letter first: it becomes part of user, alias and table names."
  }
}

variable "names" {
  description = "Names that are not to be made of name: of the table, the aliases (without alias/) and the users."
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
    error_message = "names must be 3 to 64 letters, digits, hyphens and underscores each, a letter or digit first."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table; set it to true wherever the items matter."
  type        = bool
  default     = false # this stack is made to be tried and taken down again
  nullable    = false
}

variable "key_deletion_window_days" {
  description = "Days between a key's scheduled and its real deletion. Without the client key every item's secret is lost."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.key_deletion_window_days)
    error_message = "key_deletion_window_days must be a whole number from 7 to 30, the bounds of KMS."
  }
}

variable "required_encryption_context" {
  description = "The encryption context without which nobody may use the client key: names, each with the values that it may have."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, values in var.required_encryption_context : length(name) > 0 && length(values) > 0])
    error_message = "required_encryption_context must give at least one value for each name: a condition without values never holds."
  }
}

variable "trusted_principals" {
  description = "ARNs of other accounts' principals who may read the table and decrypt its items, together with an IAM policy of their own account."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trusted_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "trusted_principals must be ARNs of users, roles or accounts (...:root), without wildcards."
  }
}

variable "grantable_principals" {
  description = "ARNs of other accounts' principals who may read the table, and decrypt once a grant on the client key is made for them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.grantable_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "grantable_principals must be ARNs of users or roles, without wildcards."
  }
}

variable "dotenv_path" {
  description = "Where the settings for demo.py are written, seen from the folder that Terraform runs in; null writes none."
  type        = string
  default     = "../.env"

  validation {
    condition     = var.dotenv_path == null || can(regex("[^/]$", var.dotenv_path))
    error_message = "dotenv_path must be the path of a file, or null."
  }
}

variable "tags" {
  description = "Tags for everything that can be tagged."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not begin with \"aws:\": AWS keeps that prefix for itself."
  }
}
