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

variable "region" {
  description = "The AWS Region; null takes the Region of the environment (AWS_REGION or the profile)."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS Region, such as eu-west-1."
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
