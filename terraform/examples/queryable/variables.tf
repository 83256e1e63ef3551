variable "name" {
  description = "The beginning of all names."
  type        = string
  default     = "dynaseal-queryable"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{2,39}$", var.name))
    error_message = "name must be 3 to 40 letters, digits and hyphens, beginning with a letter, because it becomes part of policy, alias and table names."
  }
}

variable "region" {
  description = "The AWS Region; null means the Region from the environment."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS Region, such as eu-west-1."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the tables; set it to true if you need the items."
  type        = bool
  default     = false # these tables are for demonstrations and are destroyed again
  nullable    = false
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
