"""IAM's operations by subject. Each module has a table `OPERATIONS`; `dynaseal_lab.iam.api` joins them."""
