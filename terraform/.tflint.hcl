# Every rule of the Terraform language's own set. AWS's rule set is a plugin that tflint would download; the provider
# itself and checkov say what it would.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
