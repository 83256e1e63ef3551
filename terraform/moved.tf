# A stack that was applied when both keys were in one module keeps its keys: a client key that is destroyed takes every
# secret with it.

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
