# Every rule of the rule set for the Terraform language. AWS's rule set is a plugin that tflint would have to download;
# the provider and checkov cover what it checks.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
