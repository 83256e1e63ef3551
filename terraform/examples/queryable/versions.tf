terraform {
  required_version = ">= 1.7" # mock_provider, which the tests use

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 6.0"
    }
  }
}
