"""Random programs for property tests."""
