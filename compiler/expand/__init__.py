"""Networks written out."""
