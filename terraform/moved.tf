# Stacks that were applied when both keys were in one module keep their keys: without the client key every secret would
# be lost.

moved {
  from = module.keys.aws_kms_key.client
  to   = module.client_key.aws_kms_key.this
}

moved {
  from = module.keys.aws_kms_alias.client
  to   = module.client_key.aws_kms_alias.this
}

moved {
  from = module.keys.aws_kms_key.storage
  to   = module.storage_key.aws_kms_key.this
}

moved {
  from = module.keys.aws_kms_alias.storage
  to   = module.storage_key.aws_kms_alias.this
}
