"""What runs: nothing here knows the compiler."""

if __name__ == "runtime":
    raise ImportError("import `netc.runtime`: `runtime` by itself would be a second copy of every class")
