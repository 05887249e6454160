"""The fault harness: the whole laboratory under load while everything that can break is broken, then a ledger of what came of each
trigger. Started by scripts/torture; docs/dev/torture.md."""
