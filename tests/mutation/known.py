"""Faults that change nothing that can be seen, by module and change, each with its reason."""

EQUIVALENT: dict[tuple[str, str], str] = {
    (
        "runtime/run/checkpoint.py",
        "`return int(match[1]) if match else -1` becomes `return int(match[1]) if match else -2`",
    ): "a file without the name of a step has none; the number is compared with none",
    (
        "compiler/graph/make.py",
        "`self._numbers += 1` becomes `self._numbers += 2`",
    ): "the numbers of values are told apart, not counted",
    (
        "compiler/graph/formula.py",
        "`_STRENGTH = {'+': 1, '−': 1, '×': 2, '/': 2, '⌊/⌋': 4, '⌈/⌉': 4, 'max': 4, 'leaf': 5}` becomes "
        "`_STRENGTH = {'+': 1, '−': 1, '×': 2, '/': 2, '⌊/⌋': 4, '⌈/⌉': 4, 'max': 4, 'leaf': 6}`",
    ): "a leaf binds more strongly than anything, by one or by two",
    (
        "runtime/training/fit.py",
        "`best_epoch: int = 0` becomes `best_epoch: int = 1`",
    ): "the first epoch is the best so far and sets it before it is read",
    (
        "runtime/run/safetensors.py",
        "`raise bad(path, f'has a tensor `{name[:60]}` whose shape does not fit its bytes')` becomes "
        "`raise bad(path, f'has a tensor `{name[:61]}` whose shape does not fit its bytes')`",
    ): "a name in a message is cut to fit its line, one character later",
}
