"""What stands in a `train` block: settings, losses, optimizers, schedules, with their arguments and their reference.

Every text is in the form of a layer's docstring: a summary, more, and lines with `Source:` and `Example:`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Default = float | bool | None


class Function(NamedTuple):
    """One of them: its arguments in their order, each with its default; None is one that must be given, unless it is
    among the `optional` ones."""

    arguments: Mapping[str, Default]
    text: str
    optional: tuple[str, ...] = ()


LOSSES = {
    "cross_entropy": Function(
        {"prediction": None, "target": None, "ignore": None},
        """The mean of −log softmax(prediction)[target]: scores against the right class.

The prediction holds scores, not probabilities: the softmax is part of the loss, and none stands before it. The classes
are dimension 1 from rank 4 up, else the last. Targets that are equal to `ignore` do not count.

Shapes: prediction [N, classes], [N, T, classes] or [N, classes, height, width]; target i64, the same without classes.
Source: PyTorch's `CrossEntropyLoss`.
Example: `loss = cross_entropy(logits, label)`""",
        ("ignore",),
    ),
    "nll": Function(
        {"prediction": None, "target": None, "ignore": None},
        """The mean of −prediction[target]: logarithms of probabilities against the right class.

After `log_softmax`; `cross_entropy` is both in one. `ignore` as there.

Shapes: as of `cross_entropy`.
Source: PyTorch's `NLLLoss`.
Example: `loss = nll(logs, label)`""",
        ("ignore",),
    ),
    "mse": Function(
        {"prediction": None, "target": None},
        """The mean of (prediction − target)².

Shapes: both the same.
Source: elementary.
Example: `loss = mse(forecast, next)`""",
    ),
    "mae": Function(
        {"prediction": None, "target": None},
        """The mean of |prediction − target|.

Shapes: both the same.
Source: elementary.
Example: `loss = mae(forecast, next)`""",
    ),
    "bce": Function(
        {"prediction": None, "target": None},
        """The mean of −t·log sigmoid(x) − (1 − t)·log(1 − sigmoid(x)): scores against yes and no.

The prediction holds scores, not probabilities: the sigmoid is part of the loss, and none stands before it. The target
is f32 from 0 to 1.

Shapes: both the same.
Source: PyTorch's `BCEWithLogitsLoss`.
Example: `loss = bce(logits, present)`""",
    ),
}

_DECAY = "`weight_decay` adds so many times the weights to their gradient."
OPTIMIZERS = {
    "sgd": Function(
        {"lr": None, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
        f"""Stochastic gradient descent: v = momentum · v + g; p −= lr · v.

With `nesterov = yes`, p −= lr · (g + momentum · v). {_DECAY}
A momentum may rise from epoch to epoch, `momentum = ramp(0.5, 0.9, after = 5)`.

Memory: nothing, with a momentum one number for each parameter.
Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; PyTorch's `SGD`.
Example: `optimizer = sgd(lr = 0.1, momentum = 0.9, weight_decay = 1e-4)`""",
    ),
    "adam": Function(
        {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
        f"""m and v are the running means of g and g², each over 1 − βᵗ; p −= lr · m / (√v + eps).

{_DECAY}

Memory: two numbers for each parameter.
Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization".
Example: `optimizer = adam(lr = 1e-3)`""",
    ),
    "adamw": Function(
        {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2},
        """`adam`, whose weights are first made smaller: p −= lr · weight_decay · p, with no decay in the gradient.

Memory: two numbers for each parameter.
Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
Example: `optimizer = adamw(lr = 1e-3, weight_decay = 0.01)`""",
    ),
    "rmsprop": Function(
        {"lr": 1e-2, "decay": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0},
        f"""v = decay · v + (1 − decay) · g²; p −= lr · g / (√v + eps), or by a momentum of that.

{_DECAY}

Memory: one number for each parameter, with a momentum two.
Source: Tieleman and Hinton 2012, lecture 6.5; PyTorch's `RMSprop`, whose `alpha` is `decay`.
Example: `optimizer = rmsprop(lr = 1e-3)`""",
    ),
    "adagrad": Function(
        {"lr": 1e-2, "eps": 1e-10, "weight_decay": 0.0},
        f"""v += g²; p −= lr · g / (√v + eps).

{_DECAY}

Memory: one number for each parameter.
Source: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods".
Example: `optimizer = adagrad(lr = 0.01)`""",
    ),
}

_COUNTED = "Epochs count from the start of this part of the schedule"
SCHEDULES = {
    "constant": Function(
        {"epochs": None},
        """The learning rate as it is, for so many epochs or to the end.

Example: `schedule = [constant(40), cosine(50)]`""",
        ("epochs",),
    ),
    "step": Function(
        {"factor": None, "every": None, "at": None},
        f"""The learning rate times `factor` after every so many epochs, or at the epochs that `at` lists.

Either `every` or `at` is given. {_COUNTED}, and the factor from 1:
after `constant(41)`, `step(0.1, every = 41)` falls at epochs 82, 123 and so on.

Source: PyTorch's `StepLR` and `MultiStepLR`.
Example: `schedule = step(0.1, at = [82, 123])`""",
        ("every", "at"),
    ),
    "exponential": Function(
        {"decay": None, "every": 1},
        f"""The learning rate times `decay` after every epoch, or every so many.

{_COUNTED}.

Example: `schedule = exponential(0.98)`""",
    ),
    "cosine": Function(
        {"epochs": None, "floor": 0.0},
        """The learning rate along half a cosine, from 1 down to `floor` times what it is.

Without `epochs`, over those that are left; what is after the end stays at the floor.

Source: Loshchilov and Hutter 2017, "SGDR", equation 5, without its restarts; PyTorch's `CosineAnnealingLR`.
Example: `schedule = [warmup(5), cosine(90)]`""",
        ("epochs",),
    ),
    "warmup": Function(
        {"epochs": None},
        """The learning rate in a straight line up to what it is: (e + 1) / epochs of it in epoch e, from 0.

Source: Goyal et al. 2017, "Accurate, large minibatch SGD".
Example: `schedule = [warmup(5), cosine(90)]`""",
    ),
}

RAMPS = {
    "ramp": Function(
        {"start": None, "end": None, "after": None},
        """A momentum that goes in a straight line from `start` to `end` over the first `after` epochs, and stays there.

Source: Hinton 2012, "A practical guide to training restricted Boltzmann machines", section 9.
Example: `optimizer = sgd(0.1, momentum = ramp(0.5, 0.9, after = 5))`""",
    ),
}

# The settings of a `train` block, each with what it is.
SETTINGS = {
    "loss": """What training makes small: a loss, or a sum of losses with numbers as weights.

A loss alone, `cross_entropy`, compares the only output with the only target; otherwise its two values are named. They
may be any values of the net. What only the loss needs is absent from inference and export.

Example: `loss = cross_entropy(logits, label) + 0.1 * mse(logits, wanted)`""",
    "optimizer": """How the parameters follow their gradients.

Example: `optimizer = adam(lr = 1e-3)`""",
    "schedule": """What the learning rate is times from epoch to epoch: a part, or a list of parts one after the other.

Example: `schedule = [warmup(5), cosine(90)]`""",
    "clip_norm": """The largest Euclidean norm of all gradients together; longer ones are made so short.

Source: Pascanu, Mikolov and Bengio 2013; PyTorch's `clip_grad_norm_`.
Example: `clip_norm = 5`""",
    "batch": """How many samples a step takes, 32 by default; `all` is the whole data, plain gradient descent.

Example: `batch = 64`""",
    "epochs": """How often the data are gone through, 1 by default.

Example: `epochs = 20`""",
    "unroll": """Truncated back-propagation through time: so many steps at once, with the states carried over.

Source: Williams and Peng 1990.
Example: `unroll = 32`""",
    "seed": """What the first weights, the order of the samples and dropout are drawn by, 0 by default.

Example: `seed = 1`""",
    "rule": """Another `lr` or `weight_decay` for the weights whose names match a pattern, in which `*` is anything.

Of several rules that match, the later ones win.

Example: `rule "*.bias" { weight_decay = 0 }`""",
}
