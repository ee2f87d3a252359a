"""What to say about a token that cannot stand where it stands: mistakes that people make, as data."""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """What to say of tokens of some kinds, after some kinds (empty: any), where all flags hold (`!flag`: does not).

    Kinds are terminals of the grammar, or `word` for any word of the language; the flags are those of a Place. In
    `message` and `help`, `<token>` and `<before>` are the two tokens as shown, `<text>` and `<sign>` as written,
    `<form>` is how the statement is written, and `<expected>` what may stand here; the text itself is echoed by the
    holes of `echo.py`. `blame` says what is marked.
    """

    tokens: str
    before: str
    flags: str
    message: str
    help: str
    blame: str = "token"


# How each statement is written; `<name>` is the name that it has in the text.
FORMS = {
    "USE": 'use "<name>.net"',
    "NET": "net <name>(classes = 10) { … }",
    "BLOCK": "block <name>(c, stride = 1) { … }",
    "CELL": "cell <name>(units) { … }",
    "INPUT": "input <name>: <type>",
    "TARGET": "target <name>: <type>",
    "STATE": "state <name><size>",
    "PARAM": "param <name><size>",
    "OUTPUT": "output a, b",
    "LET": "let <name> = <value>",
    "REPEAT": "repeat 3 as i { … }",
    "FOR": "for <name> in <list> { … }",
    "IF": "if stride == 1 { … } else { … }",
    "TRAIN": "train { loss = cross_entropy }",
    "RULE": 'rule "<name>.*" { weight_decay = 0 }',
    "EXPECT": "expect { params <= 1.2M }",
    "VARIANT": "variant <name> { units = 64 }",
    "SETTING": "name = value",
}
# What a statement without a name is called in its form.
NAMES = {
    "USE": "blocks", "NET": "lenet5", "BLOCK": "basic", "CELL": "lstm", "INPUT": "image", "TARGET": "label",
    "STATE": "h", "PARAM": "p", "LET": "wide", "FOR": "c", "VARIANT": "small", "RULE": "fc1",
}  # fmt: skip

# Words that give a result elsewhere, where `output` may stand here.
RESULTS = frozenset(("return", "yield"))
# Words that take in what is written elsewhere, and what nobody needs to take in.
IMPORTS = frozenset(("import", "from", "include"))
LIBRARIES = frozenset(
    ("torch", "torchvision", "tensorflow", "tf", "keras", "numpy", "np", "jax", "flax", "math", "os", "sys", "typing")
)

# Habits of other languages: the first word of a statement, and the way out.
HABITS = {
    **dict.fromkeys(("def", "function", "fn", "func", "class", "module"), "write `<kind> <declared> { … }`"),
    **dict.fromkeys(("model", "network"), "write `net <declared> { … }`"),
    **dict.fromkeys(("import", "include", "from"), 'write `use "<imported>"`'),
    "while": "a network is finite: write `repeat 3 { … }`",
    "loop": "write `repeat 3 { … }`",
    "foreach": "write `for c in [64, 128] { … }`",
    "elif": "write `else if condition { … }`",
    "elsif": "write `else if condition { … }`",
    **dict.fromkeys(("return", "yield"), "write `<rest>` alone: the last value of a body is its result"),
    "layer": "write the layer's name alone: `conv(64, 3)`",
    "var": "write `name = pipeline`, or `let name = number`",
    "const": "write `let name = number`",
    "val": "write `let name = number`",
    "print": "`netc analyze` shows every shape and figure",
}

ENDS = "NL SEMICOLON RBRACE RPAR RSQB $END"
SIGNS = "SUM MINUS PRODUCT CMP RANGE AND OR NOT"
ATOMS = "NAME NUMBER EXTENT STRING PRIMED IN IT LPAR LSQB"
BODIES = "IF FOR REPEAT TRAIN EXPECT VARIANT"

# The first that fits is taken.
MISTAKES = (
    Mistake("USE BLOCK CELL NET", "", "nested", "<token> cannot stand inside a body",
            "close the body before it: nets, blocks and cells stand side by side"),
    Mistake("LBRACE", "", "apart",
            "the `{` of a body stands on the line of its header", "write `{` at the end of the line before"),
    Mistake("USE BLOCK CELL NET", "", "separate",
            "<token> stands on the line of what is before it", "start it on a line of its own"),
    Mistake("", "", "separate", "<token> stands on the line of what is before it",
            "start it on a line of its own, or write `;` between them"),
    Mistake("RPAR", "", "!bracket", "`)` closes nothing", "take it away, or open it with `(`"),
    Mistake("RSQB", "", "!bracket", "`]` closes nothing", "take it away, or open it with `[`"),
    Mistake("RBRACE", "", "top", "`}` closes nothing", "take it away, or open it with `{`"),
    Mistake("PRODUCT", "", "slashes start", "`//` divides and rounds down; it starts no comment", "write `# …`"),
    Mistake("", "", "start top begun", "a file holds `net`, `block`, `cell` and `use`",
            "write `net name { … }` around the network; a `}` too many may have closed it before"),
    Mistake("", "", "start top", "a file holds `net`, `block`, `cell` and `use`",
            "write `net name { … }` around the network"),
    Mistake("SEMICOLON", "", "bracket", "`;` cannot stand in brackets", "separate arguments with `,`"),
    Mistake("SEMICOLON", "", "start", "`;` ends nothing", "take it away"),
    # Statements that end too early
    Mistake(ENDS, "", "choice", "a conditional needs an `else`", "write `(<choice> else …)`", "before"),
    Mistake(ENDS, "ARROW", "",
            "`->` has nothing on its right", "write the next layer, or take the arrow away", "before"),
    Mistake(ENDS, f"{SIGNS} EQUAL COMMA", "",
            "<before> has nothing on its right", "write a value there, or take it away", "before"),
    Mistake("RPAR", "LPAR", "", "there is nothing between `(` and `)`", "write a value in the brackets"),
    Mistake("NL $END", "", "body",
            "`{` is missing after <before>", "write `{ … }` around the statements", "before"),
    # Pipelines where names stand
    Mistake("ARROW LPAR LSQB DOT SUM MINUS PRODUCT CMP NUMBER IN IT", "", "header:OUTPUT",
            "`output` lists names, and this is a pipeline",
            "make `<rest>` the last statement, or bind it: `y = <rest>`, and write `output y`"),
    Mistake("LPAR", "COMMA", "!complete !header !bracket assigned",
            "names are bound side by side, without brackets", "write `<flat> = …`"),
    Mistake("LPAR", "NAME", "header:VARIANT",
            "the settings of a variant stand in braces", "write `variant <sign> { <inside> }`"),
    Mistake("LPAR", "TRAIN EXPECT", "", "<before> has its body in braces", "write `<sign> { <inside> }`"),
    # Arrows
    Mistake("ARROW", "ARROW", "", "two `->` in a row", "write a layer between them"),
    Mistake("ARROW", "", "start",
            "`->` has nothing on its left", "start with a value or a layer: `in -> conv(8, 3)`"),
    Mistake("ARROW", f"{SIGNS} EQUAL COMMA LPAR LSQB", "",
            "`->` has nothing on its left", "start with a value or a layer: `in -> conv(8, 3)`"),
    Mistake("ARROW", "NAME PRIMED", "!complete !header !bracket",
            "several values are fed in brackets", "write `(<left>) -> …`"),
    # `=`
    Mistake("EQUAL", "", "arrow", "`=>` is not in the language", "write `->` to feed, `>=` to compare"),
    Mistake("EQUAL", "SUM MINUS PRODUCT", "touching",
            "`<sign>=` is not in the language", "a name is bound once: write `<first>2 = <first> <sign> …`", "before"),
    Mistake("EQUAL", "OUTPUT", "listed", "`output` lists names, without `=`", "write `output <after>`", "before"),
    Mistake("EQUAL", "OUTPUT", "", "`output` lists names, without `=`",
            "write `y = <after>`, and `output y` on the line behind it", "before"),
    Mistake("EQUAL", "word", "", "<before> is a word of the language and cannot be a name",
            "choose another name, such as `<sign>_`", "before"),
    Mistake("EQUAL", "", "start", "`=` has nothing on its left", "write `name = …`"),
    Mistake("EQUAL", "", "header:IF !bracket",
            "`=` binds a name, and here stands a condition", "write `==` to compare"),
    Mistake("EQUAL", "", "in:EXPECT !bracket",
            "`=` binds a name, and here stands a condition", "write `==` to compare"),
    Mistake("EQUAL", "", "complete bracket",
            "`=` names an argument, and here stands none", "write `name = value` in a call, or `==` to compare"),
    Mistake("EQUAL", "", "complete bound", "two `=` in one statement", "bind each name in a statement of its own"),
    Mistake("EQUAL", "NAME", "complete !header field", "only names can be bound", "write `<sign> = …`"),
    Mistake("EQUAL", "RPAR", "complete !header", "only names can be bound", "write `<flat> = …`, without brackets"),
    Mistake("EQUAL", "NAME", "complete !header fed",
            "a name stands in front of its pipeline", "write `<renamed>`", "before"),
    Mistake("EQUAL", "RSQB", "complete !header cell",
            "a state is bound as a whole, and its next value with `'`", "write `<first>' = …`"),
    Mistake("EQUAL", "", "complete !header", "only names can be bound", "write `name = …`"),
    Mistake("EQUAL", "NAME", "header:STATE", "the state `<sign>` has no size", "write `<sign><size>`", "before"),
    Mistake("EQUAL", "NAME", "header:PARAM", "the weight `<sign>` has no size", "write `<sign><size>`", "before"),
    # `:`
    Mistake("COLON", "", "body braced", "`:` starts no body", "take it away: `{` starts it"),
    Mistake("COLON", "", "body", "`:` starts no body", "write `<opening> { … }`"),
    Mistake("COLON", "NAME", "bracket", "a value is given with `=`, not `:`", "write `=` instead"),
    Mistake("COLON", "NAME", "header:SETTING", "a value is given with `=`, not `:`", "write `=` instead"),
    Mistake("COLON", "", "bracket", "slices are not in the language",
            "`x -> last` is the last step of a sequence; `crop` and `split` take parts of a tensor"),
    Mistake("COLON", "", "!header",
            "`:` cannot stand here", "it stands before a type alone: `input image: f32[N, 3, 32, 32]`"),
    # `,`
    Mistake("COMMA", "COMMA", "", "two `,` in a row", "take one away"),
    Mistake("COMMA", "LPAR LSQB", "", "`,` has nothing on its left", "take it away"),
    Mistake("COMMA", "NUMBER", "grouped !bracket", "`,` does not group the digits of a number", "write `<grouped>`"),
    Mistake("COMMA", "", "index", "an item of a list is counted by one number, and arguments stand in round brackets",
            "write `<call>`"),
    Mistake("COMMA", "", "in:EXPECT !bracket",
            "`,` cannot stand between conditions", "put each on a line of its own, or `;` between them"),
    Mistake("COMMA", "", "header:SETTING !bracket",
            "`,` cannot stand between settings", "put each on a line of its own, or `;` between them"),
    Mistake("COMMA", "RPAR RSQB", "!bracket !header",
            "several values stand in brackets", "write `(<all>)`"),
    Mistake("COMMA", "", "complete !bracket !header", "several values stand in brackets", "write `(<all>)`"),
    # Bodies and conditionals
    Mistake("ELSE", "", "start", "`else` without `if`", "write `if condition { … } else { … }`"),
    Mistake("ELSE", "", "complete", "`else` without `if`", "write `(a if condition else b)`"),
    Mistake("LBRACE", "NAME", "!header called", "no body can stand here", "arguments stand in `( )`: write `<call>`"),
    Mistake("LBRACE", "", "!header", "no body can stand here",
            "a body follows `net`, `block`, `cell`, `if`, `for` and `repeat`; arguments stand in `( )`"),
    # Signs
    Mistake("CMP", "EQUAL", "touching", "`=<text>` is not in the language", "write `->` to feed, `>=` to compare"),
    Mistake("CMP", "", "complete", "comparisons do not chain", "write `a < b and b < c`"),
    Mistake("RANGE", "", "complete", "a range has two ends", "write `0..4`"),
    Mistake("PRODUCT", "PRODUCT", "touching",
            "`<sign><sign>` is not in the language", "<power>"),
    Mistake("CARET", "", "", "`^` is not in the language", "<power>"),
    Mistake("NOT", f"{SIGNS} ARROW", "", "<token> cannot follow <before>", "put it in brackets: `(not a)`"),
    Mistake(SIGNS, SIGNS, "",
            "<token> cannot follow <before>", "write one of them, or put brackets around what follows"),
    Mistake("PRODUCT", "", "start",
            "<token> has nothing on its left", "write a value before it; a comment starts with `#`"),
    Mistake(SIGNS, "", "start", "<token> has nothing on its left", "write a value before it"),
    Mistake(SIGNS, "LPAR LSQB COMMA EQUAL ARROW", "", "<token> has nothing on its left", "write a value before it"),
    Mistake("DOT", "", "!complete !header",
            "<token> stands after a value: `in.channels`", "a number starts with a digit: `0.5`"),
    # Words
    Mistake("OUTPUT", "", "in:EXPECT bracket", "`output` is a word of the language and names no value",
            "name the result, `y = …`, and write `y` here"),
    Mistake("PARAM", "", "in:EXPECT", "there is no figure `param`", "write `params`"),
    Mistake("word", "", "start header:SETTING", "<token> starts a statement and is no setting",
            "write it outside these braces; a setting is `name = value`"),
    Mistake("word", "", "start in:EXPECT", "<token> starts a statement and is no condition",
            "write it outside these braces; a condition is `params <= 1.2M`"),
    Mistake("REPEAT FOR IF", "EQUAL", "bound !header", "<token> starts a statement and is no value",
            "write it on a line of its own, and name its result on the next: `<first> = identity`"),
    Mistake(BODIES, f"EQUAL ARROW COMMA LPAR LSQB {SIGNS}", "", "<token> starts a statement and is no value",
            "write it on a line of its own; a conditional value is `(a if condition else b)`"),
    Mistake("word", "", "name",
            "<token> is a word of the language and cannot be a name", "choose another name, such as `<text>_`"),
    Mistake("IN", "", "complete in:EXPECT", "`in` is the input, and tests nothing",
            "compare with both ends: `<ends>`"),
    # Values side by side
    Mistake("NAME", "NUMBER", "complete unit", "a unit touches its number", "write `<sign><unit>`"),
    Mistake("NAME", "NUMBER", "complete times", "the sizes of an extent touch its `x`", "write `<extent>`"),
    Mistake(ATOMS, "", "complete slashes",
            "`//` divides and rounds down; it starts no comment", "write `# …`", "slashes"),
    Mistake("NUMBER EXTENT", "NAME", "complete",
            "<token> cannot follow <before>", "arguments stand in brackets: write `<sign>(<arguments>)`"),
    Mistake(ATOMS, "", "complete bracket",
            "<token> cannot follow <before>", "write `,` or an operator between them"),
    Mistake(ATOMS, "", "complete !header:SETTING", "a statement does not go on with <token> after <before>",
            "feed one layer into the next with `->`, and start a statement on a line of its own"),
    Mistake("NAME PRIMED", "NAME PRIMED", "header:OUTPUT",
            "<token> cannot follow <before>", "write `,` between names"),
    Mistake(ATOMS, "", "header !header:SETTING ended", "a statement does not go on with <token> after <before>",
            "start it on a line of its own, or write `;` between them"),
    # Whatever else
    Mistake("", "FROM", "", "<token> cannot follow <before>", "write `block gate(c) from x, g { … }`"),
    Mistake("NL $END SEMICOLON RBRACE", "", "header !complete",
            "the statement ends too early, after <before>", "write `<form>`", "before"),
    Mistake("", "", "header !complete !bracket", "<token> cannot follow <before>", "write `<form>`"),
    Mistake("NL $END", "", "",
            "the statement ends too early, after <before>", "here may stand <expected>", "before"),
    Mistake("", "", "", "<token> cannot follow <before>", "here may stand <expected>"),
)  # fmt: skip

EXPECTED = (
    ("NUMBER", "a value"),
    ("NAME", "a name"),
    ("ARROW", "`->` or an operator"),
    ("COMMA", "`,`"),
    ("EQUAL", "`=`"),
    ("COLON", "`:`"),
    ("STRING", "a text in quotes"),
    ("ELSE", "`else`"),
    ("LBRACE", "`{`"),
    ("RPAR", "`)`"),
    ("RSQB", "`]`"),
    ("NL", "the end of the statement"),
)
