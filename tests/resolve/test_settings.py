"""The `train` block: what it means, and what is wrong with one that means nothing."""

from __future__ import annotations

import math

import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.training.settings import Ramp, Settings
from netc.runtime.training.schedule import learning_rate, ramp

NET = """net t {{
  input x: f32[N, 4]
  target y: i64[N]
  target z: f32[N, 3]
  a = fc(3)
  b = fc(3)
  output a, b
  train {{ {train} }}
}}
"""
GOOD = "loss = cross_entropy(a, y) + 0 * mse(b, z); optimizer = sgd(lr = 0.1)"


def settings(train: str) -> Settings:
    found = netc.loads(NET.format(train=train)).network.settings
    assert found is not None
    return found


def test_the_defaults_are_those_of_the_language() -> None:
    found = settings(GOOD)
    assert (found.batch, found.epochs, found.seed, found.clip_norm, found.rules) == (32, 1, 0, None, ())
    assert dict(found.optimizer.arguments) == {"lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    assert [(call.kind, call.weight) for call in found.loss] == [("cross_entropy", 1.0), ("mse", 0.0)]


# PyTorch 2.13: torch.optim.Adam, AdamW, RMSprop (alpha is `decay` here) and Adagrad.
@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("adam", {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
        ("adamw", {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2}),
        ("rmsprop", {"lr": 1e-2, "decay": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0}),
        ("adagrad", {"lr": 1e-2, "eps": 1e-10, "weight_decay": 0.0}),
    ],
)
def test_optimizers_default_to_pytorch(kind: str, wanted: dict[str, float]) -> None:
    assert dict(settings(GOOD.replace("sgd(lr = 0.1)", kind)).optimizer.arguments) == wanted


def test_everything_set() -> None:
    found = settings(
        "loss = 2 * (cross_entropy(a, y, ignore = -1) - mse(b, z) / 4); "
        "optimizer = sgd(0.1, momentum = ramp(0.5, 0.9, after = 5), nesterov = yes, weight_decay = 1e-4); "
        "schedule = [warmup(5), constant(epochs = 2), step(0.1, every = 3)]; clip_norm = 5; batch = all; epochs = 20; "
        'seed = 7; rule "*.bias" { weight_decay = 0; lr = 0.2 }'
    )
    assert [(call.kind, call.weight, call.ignore) for call in found.loss] == [
        ("cross_entropy", 2.0, -1),
        ("mse", -0.5, None),
    ]
    momentum = found.optimizer.arguments["momentum"]
    assert isinstance(momentum, Ramp)
    assert (momentum.start, momentum.end, momentum.after) == (0.5, 0.9, 5)
    assert [(phase.kind, phase.length) for phase in found.schedule] == [("warmup", 5), ("constant", 2), ("step", None)]
    assert (found.batch, found.epochs, found.unroll, found.seed, found.clip_norm) == (None, 20, None, 7, 5)
    assert [(rule.pattern, rule.lr, rule.weight_decay) for rule in found.rules] == [("*.bias", 0.2, 0)]


@pytest.mark.parametrize(
    ("train", "code", "words"),
    [
        ("loss = cross_entropy; optimizer = sgd(lr = 1)", "missing-argument", "2 outputs and 2 targets"),
        ("loss = cross_entropy(a, z); optimizer = sgd(lr = 1)", "element-type", "needs a target i64[N]"),
        ("loss = mse(a, y); optimizer = sgd(lr = 1)", "element-type", "needs a target f32[N, 3]"),
        ("loss = cross_entropy(a); optimizer = sgd(lr = 1)", "missing-argument", "needs a target"),
        ("loss = cross_entropy(a, 3); optimizer = sgd(lr = 1)", "bad-argument", "is a value of the net"),
        ("loss = 3; optimizer = sgd(lr = 1)", "bad-argument", "a loss is a sum of losses"),
        ("loss = mse(b, z) * mse(b, z); optimizer = sgd(lr = 1)", "bad-argument", "a loss is a sum of losses"),
        ("loss = mse(b, z) / 0; optimizer = sgd(lr = 1)", "bad-argument", "a loss is a sum of losses"),
        ("loss = mse(b, z); optimizer = sgd", "missing-argument", "`sgd` needs `lr`"),
        ("loss = mse(b, z); optimizer = 3", "bad-argument", "this is not an optimizer"),
        ("loss = mse(b, z); optimizer = sgd(lr = 0)", "bad-argument", "`lr` must be a number above 0, not 0"),
        ("loss = mse(b, z); optimizer = sgd(lr = yes)", "bad-argument", "`lr` must be a number above 0"),
        ("loss = mse(b, z); optimizer = sgd(1, 1)", "bad-argument", "`momentum` must be"),
        ("loss = mse(b, z); optimizer = sgd(1, nesterov = yes)", "bad-argument", "`nesterov` looks ahead"),
        ("loss = mse(b, z); optimizer = sgd(1, nesterov = 1)", "bad-argument", "`nesterov` is `yes` or `no`"),
        ("loss = mse(b, z); optimizer = sgd(1, lr = 2)", "duplicate-name", "`lr` is given twice"),
        ("loss = mse(b, z); optimizer = adam(beta1 = 1)", "bad-argument", "`beta1` must be"),
        ("loss = mse(b, z); optimizer = sgd(1, ramp(0.5, 0.9))", "missing-argument", "`ramp` needs `after`"),
        ("loss = mse(b, z); optimizer = sgd(1, ramp(0.5, 2, 3))", "bad-argument", "`momentum` must be"),
        (f"{GOOD}; schedule = step(0.1)", "missing-argument", "`step` needs one of `every` and `at`"),
        (f"{GOOD}; schedule = step(0.1, 3, at = [3])", "missing-argument", "`step` needs one of `every` and `at`"),
        (f"{GOOD}; schedule = step(every = 3)", "missing-argument", "`step` needs `factor`"),
        (f"{GOOD}; schedule = step(0.1, at = [5, 3])", "bad-argument", "`at` lists epochs"),
        (f"{GOOD}; schedule = step(0.1, at = [])", "bad-argument", "`at` lists epochs"),
        (f"{GOOD}; schedule = [step(0.1, at = [5, 9]), cosine]", "missing-argument", "there is more after it"),
        (f"{GOOD}; schedule = [step(0.1, 3), cosine]", "missing-argument", "there is more after it"),
        (f"{GOOD}; schedule = warmup", "missing-argument", "`warmup` needs `epochs`"),
        (f"{GOOD}; schedule = step(0.1, every = 1.5)", "bad-argument", "`every` must be"),
        (f"{GOOD}; batch = 0", "bad-argument", "`batch` is a whole number"),
        (f"{GOOD}; batch = half", "bad-argument", "`batch` is a whole number"),
        (f"{GOOD}; epochs = 0", "bad-argument", "`epochs` must be"),
        (f"{GOOD}; seed = -1", "bad-argument", "`seed` is a whole number"),
        (f"{GOOD}; clip_norm = 0", "bad-argument", "`clip_norm` must be"),
        (f'{GOOD}; rule "*.wait" {{ lr = 1 }}', "unknown-setting", "no parameter's name matches"),
        (f'{GOOD}; rule "*" {{ weight_decay = -1 }}', "bad-argument", "`weight_decay` must be"),
    ],
)
def test_mistakes(train: str, code: str, words: str) -> None:
    found = [d for d in compile_spec(Request("t", NET.format(train=train))).diagnostics if d.severity == "error"]
    assert [d.code for d in found] == [code]
    assert words in found[0].message
    assert found[0].help
    assert found[0].span is not None
    assert found[0].span.position[0] == 8


@pytest.mark.parametrize("at", ["[82, 123]", "[100]", "100"])
def test_milestones(at: str) -> None:
    (phase,) = settings(f"{GOOD}; schedule = step(0.1, at = {at})").schedule
    assert (phase.kind, phase.length) == ("milestones", None)
    assert phase.arguments == (0.1, *(int(each) for each in at.strip("[]").split(",")))


# What is written in PyTorch, and how it is written here; each is accepted when it is put in.
@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("schedule = MultiStepLR([82, 123])", "schedule = step(factor = 0.1, at = [82, 123])"),
        ("schedule = multistep([82, 123], gamma = 0.5)", "schedule = step(factor = 0.5, at = [82, 123])"),
        ("scheduler = StepLR(optimizer, 30, 0.2)", "schedule = step(factor = 0.2, every = 30)"),
        ("lr_scheduler = ExponentialLR(gamma = 0.9)", "schedule = exponential(decay = 0.9)"),
        ("schedule = CosineAnnealingLR(T_max = 30)", "schedule = cosine(epochs = 30)"),
        ("schedule = LinearLR(0.1, 1.0, 5)", "schedule = warmup(epochs = 5)"),
        ("optimizer = SGD(0.1, 0.9, 0, 1e-4)", "optimizer = sgd(lr = 0.1, momentum = 0.9, weight_decay = 1e-4)"),
        ("optimizer = SGD", "optimizer = sgd(lr = 0.01)"),
        ("optim = Adam(3e-4, betas = (0.9, 0.99))", "optimizer = adam(lr = 3e-4, beta1 = 0.9, beta2 = 0.99)"),
        ("optimizer = AdamW(lr = 1e-3, weightDecay = 0.1)", "optimizer = adamw(lr = 1e-3, weight_decay = 0.1)"),
        ("optimizer = RMSprop(lr = 1e-3, alpha = 0.9)", "optimizer = rmsprop(lr = 1e-3, decay = 0.9)"),
        ("bs = 12", "batch = 12"),
    ],
)
def test_what_is_written_elsewhere(there: str, here: str) -> None:
    settled = "optimizer" in here
    text = "loss = mse(b, z); {}" if settled else f"{GOOD}; {{}}"
    found = compile_spec(Request("t", NET.format(train=text.format(there)))).diagnostics
    helps = [diagnostic.help for diagnostic in found if diagnostic.severity == "error"]
    assert helps == [f"write `{here}`"] or helps == [f"write `{here.partition(' = ')[2]}`"]
    assert settings(text.format(here))


def test_a_block_that_only_names_a_loss_is_fine_for_analysis() -> None:
    net = netc.loads(NET.format(train="loss = mse(b, z)"))
    assert net.network.settings is None
    assert net.analyze().memory.training is None


def test_schedules_by_hand() -> None:
    step = (("step", (0.1, 3), None),)
    assert [learning_rate(step, e) for e in (0, 2, 3, 6)] == pytest.approx([1, 1, 0.1, 0.01])
    # torch.optim.lr_scheduler.MultiStepLR(milestones=[2, 5], gamma=0.1).
    milestones = (("milestones", (0.1, 2, 5), None),)
    assert [learning_rate(milestones, e) for e in (0, 1, 2, 4, 5, 9)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert learning_rate((("exponential", (0.9, 1), None),), 4) == pytest.approx(0.9**4)
    mixed = (("warmup", (), 4), ("cosine", (0.1,), 10))
    assert [learning_rate(mixed, e) for e in range(4)] == [0.25, 0.5, 0.75, 1]
    assert learning_rate(mixed, 4) == 1
    assert learning_rate(mixed, 9) == pytest.approx(0.1 + 0.9 * (1 + math.cos(math.pi / 2)) / 2)
    assert learning_rate(mixed, 14) == pytest.approx(0.1)
    assert learning_rate(mixed, 99) == pytest.approx(0.1)
    assert [ramp(0.5, 0.9, 4, e) for e in (0, 2, 4, 9)] == pytest.approx([0.5, 0.7, 0.9, 0.9])
