"""A policy and everything around it: record, event, view, scores, mask, sampling, propensity; in torch and as ONNX.

The graph is the whole of a decision, so that any language with an ONNX runtime decides as the laboratory did. Learners,
activities, rows shown and places drawn are dynamic. :class:`Decision` is the decision in torch; :func:`to_onnx` writes
the same lines as one graph. Inputs and outputs by name, shape and meaning: ``ports``.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adaptlearn.export import parts, sampler
from adaptlearn.export.ports import Port, inputs_of, outputs_of
from adaptlearn.export.record import Event, Keeper

OPSET = 18
SIZES = {"learners": 3, "activities": 7}  #: to trace a policy by; the graph takes any
OTHER = {"learners": 2, "activities": 5}


class NotExportable(ValueError):
    """The policy cannot become a graph; the sentence says what was found and what is needed."""


def admit(policy: Any) -> nn.Module:
    """The policy, if it is one that can be exported.

    Raises:
        NotExportable: a ceiling, or something that is not a torch policy.
    """
    name = getattr(policy, "name", type(policy).__name__)
    if hasattr(policy, "decide"):
        raise NotExportable(
            f"{name} is a ceiling: it reads the learner's mind, which no platform has; needed a policy, e.g. one that "
            "was trained on the record"
        )
    wanted = ("name", "version", "head", "memory_size", "luck_size")
    missing = [word for word in wanted if not hasattr(policy, word)]
    if missing or not isinstance(policy, nn.Module):
        found = f"a {type(policy).__name__}" + (f" without {', '.join(missing)}" if missing else "")
        raise NotExportable(f"{name} is {found}; needed a torch.nn.Module with {', '.join(wanted)} (see core.policy)")
    return policy


class Decision:
    """Observe, look, score, choose: one call per decision, in torch; the graph's reference.

    Raises:
        NotExportable: a ceiling, or something that is not a torch policy.
    """

    def __init__(self, policy: Any, tracer: NDArray[np.float32]):
        self.scored, self.keeper = Scored(policy), Keeper(tracer)

    def __call__(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """One decision of N learners.   inputs by name -> outputs by name"""
        record = self.keeper.observe(given["record"], Event(*(given[name] for name in Event._fields)))
        view, mastery, preference = self.keeper.view(record, given["profile"], given["now"])
        own = (given.get("memory"), given.get("thought"))
        scores, *after = self.scored(view, given["catalogue"], given["history"], *own)
        drawn = sampler.choose(scores, given["mask"], given["temperature"], given["luck"])
        names = ("record_after", "choice", "propensity", "probabilities", "mastery", "preference", "memory_after")
        return dict(zip(names, (record, *drawn, mastery, preference, *after), strict=False))


class Scored(nn.Module):
    """A policy as the exporter takes it: what it has none of, memory or thought, is no input and no output."""

    def __init__(self, policy: Any):
        super().__init__()
        self.policy = admit(policy)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor | None, thought: Tensor | None
    ) -> tuple[Tensor, ...]:
        """Scores [N, A], and the policy's memory [N, M] if it has one."""
        none = view[:, :0]
        scores, after = self.policy(
            view, catalogue, history, none if memory is None else memory, none if thought is None else thought
        )
        return (scores,) if memory is None else (scores, after)


def to_onnx(policy: Any, tracer: NDArray[np.float32], n_features: int) -> bytes:
    """The graph as bytes; the same policy gives the same bytes.

    Raises:
        NotExportable: a ceiling, not a torch policy, one that uses what ONNX has not, or one that fixes its catalogue.
    """
    scored, keeper = Scored(policy), Keeper(tracer)
    inputs = inputs_of(len(tracer), n_features, policy.memory_size, policy.luck_size)
    named = {port.name: port for port in (Port("view", "float32", ("learners", keeper.spec.size), ""), *inputs)}
    ports = {name: named.get(name) for name in ("view", "catalogue", "history", "memory", "thought")}
    training = policy.training
    try:
        scored.eval()
        _require_any_size(scored, ports, policy)
        model = _exported(scored, ports)
    except NotExportable:
        raise
    except Exception as trouble:  # torch's exporter raises many kinds
        said = str(trouble.__cause__ or trouble).strip().splitlines()[0]
        needed = "plain torch over any number of learners and activities"
        raise NotExportable(f"{policy.name} did not become a graph: {said}; needed {needed}") from trouble
    finally:
        policy.train(training)
    return parts.joined(tracer, model, inputs, outputs_of(len(tracer), policy.memory_size), OPSET)


def _sample(port: Port | None, sizes: Mapping[str, int]) -> Tensor | None:
    if port is None:
        return None
    return torch.zeros(tuple(sizes[d] if isinstance(d, str) else d for d in port.shape))


def _require_any_size(scored: Scored, ports: Mapping[str, Port | None], policy: Any) -> None:
    """A policy that fixes the number of learners or activities is found out here."""
    for sizes in (SIZES, OTHER):
        with torch.inference_mode():
            found = [tuple(out.shape) for out in scored(*(_sample(port, sizes) for port in ports.values()))]
        wanted = [(sizes["learners"], sizes["activities"]), (sizes["learners"], policy.memory_size)][: len(found)]
        if found != wanted:
            raise NotExportable(
                f"{policy.name} gave scores and memory of shapes {found} for {sizes}; needed {wanted}, for any number "
                "of learners and activities"
            )


def _exported(scored: Scored, ports: Mapping[str, Port | None]) -> onnx.ModelProto:
    dims = {word: torch.export.Dim(word, min=1, max=1 << 20) for word in SIZES}
    given = {name: port for name, port in ports.items() if port is not None}
    shapes = {n: {at: dims[d] for at, d in enumerate(port.shape) if isinstance(d, str)} for n, port in given.items()}
    outputs = ["scores", "memory_after"] if "memory" in given else ["scores"]
    with _quietly():
        program = torch.onnx.export(
            scored,
            tuple(_sample(port, SIZES) for port in ports.values()),
            dynamo=True,
            dynamic_shapes=dict.fromkeys(ports) | shapes,
            opset_version=OPSET,
            verbose=False,
            input_names=[parts.PORT + name for name in given],
            output_names=[parts.PORT + name for name in outputs],
            external_data=False,
            custom_translation_table={torch.ops.aten.sort.stable: _stable_sort()},
        )
    assert program is not None
    return program.model_proto


def _stable_sort() -> Callable[..., Any]:
    """torch's stable sort in ONNX: TopK of everything, which puts the lower index first among equals as well."""
    from onnxscript import opset18

    op: Any = opset18

    def sort(keys: Any, stable: bool | None = None, dim: int = -1, descending: bool = False) -> Any:
        size = op.Gather(op.Shape(keys), op.Constant(value_ints=[dim]), axis=0)
        return op.TopK(keys, size, axis=dim, largest=int(descending), sorted=1)

    return sort


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's remarks on packages that are not there and axes that share a name."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
