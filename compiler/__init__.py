"""The compiler: from text to graphs, figures and programs."""

if __name__ == "compiler":
    raise ImportError("import `netc.compiler`: `compiler` by itself would be a second copy of every class")
