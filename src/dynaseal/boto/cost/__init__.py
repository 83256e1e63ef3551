"""What a configuration costs per month: KMS calls, capacity, storage, money. `dynaseal cost`."""
