"""What we decide: membership, completeness and engagement as plain functions over events (docs/domain.md)."""
