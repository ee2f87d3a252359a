"""Variants belong to the net that they stand in."""

from __future__ import annotations

from netc.compiler.driver import Request, compile_spec

TWO = """net a(units = 3) {{
  input x: f32[N, 3]
  fc(units)
  variant v {{ units = 4 }}
}}

net b({name} = 3) {{
  input x: f32[N, 3]
  fc({name})
  variant v {{ units = 4 }}
}}
"""


def test_a_variant_is_checked_against_its_own_net() -> None:
    assert compile_spec(Request("two.net", text=TWO.format(name="units"), every=True)).diagnostics == ()
    [diagnostic] = compile_spec(Request("two.net", text=TWO.format(name="maps"), every=True)).diagnostics
    assert diagnostic.code == "unknown-setting"
    assert diagnostic.span is not None
    assert diagnostic.span.position == (10, 15)


def test_nothing_is_said_of_settings_when_the_parameters_did_not_parse() -> None:
    text = TWO.format(name="maps").replace("net b(maps = 3)", "net b(units = , maps = 3)")
    [diagnostic] = compile_spec(Request("two.net", text=text, every=True)).diagnostics
    assert diagnostic.code == "syntax"
