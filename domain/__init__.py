"""What we decide: membership, completeness, engagement; plain functions over events (docs/domain.md)."""
