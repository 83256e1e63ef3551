"""IAM's operations by topic, each module with its table `OPERATIONS`; `dynaseal_lab.iam.api` joins them."""
