variable "name" {
  description = "The first part of the aliases' names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,200}$", var.name))
    error_message = "name must be letters, digits, hyphens and underscores, which a KMS alias may have."
  }
}

variable "deletion_window_days" {
  description = "Days between a key's scheduled and its real deletion."
  type        = number
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.deletion_window_days)
    error_message = "deletion_window_days must be a whole number from 7 to 30, the bounds of KMS."
  }
}
