"""The grammar of the language and its parser."""

if __name__ == "grammar":
    raise ImportError("import `netc.grammar`: `grammar` by itself would be a second copy of every class")
