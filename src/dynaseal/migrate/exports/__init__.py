"""Items in DynamoDB JSON, one per line, as an export to S3 has them: read, transformed and written.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""
