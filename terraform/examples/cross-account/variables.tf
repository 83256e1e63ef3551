variable "name" {
  description = "The table's name, and the beginning of all other names."
  type        = string
  default     = "dynaseal-shared"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{2,39}$", var.name))
    error_message = "name must be 3 to 40 letters, digits and hyphens, beginning with a letter, because it becomes part of role, alias and table names."
  }
}

variable "region" {
  description = "The AWS Region of both accounts' resources; null means the Region from the environment."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS Region, such as eu-west-1."
  }
}

variable "owner_profile" {
  description = "The profile in ~/.aws with credentials for the account of the table and the keys."
  type        = string
  default     = "owner"
  nullable    = false

  validation {
    condition     = length(var.owner_profile) > 0
    error_message = "owner_profile must be the name of a profile."
  }
}

variable "consumer_profile" {
  description = "The profile in ~/.aws with credentials for the account whose roles read the items."
  type        = string
  default     = "consumer"
  nullable    = false

  validation {
    condition     = length(var.consumer_profile) > 0
    error_message = "consumer_profile must be the name of a profile."
  }
}

variable "key_deletion_window_days" {
  description = "Days between scheduling a key's deletion and the deletion."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.key_deletion_window_days)
    error_message = "key_deletion_window_days must be a whole number from 7 to 30, the limits of KMS."
  }
}
