"""A classroom on a graphics card: the same learners, one thread each; nothing crosses the bus while they live.

Arrays are torch tensors on the card; kernels read the same memory through Numba. Their shapes are those of
``room.Classroom``, rows first, but what all threads of a warp read at once lies in columns in memory. Masks are bits.
``exp`` and its like differ from a processor's in the last place, so a life may part from its twin there: the two rooms
agree in law, not bit for bit.
"""

import importlib.util
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.generate import kernels
from adaptlearn.classroom.gridded import SIDE, WIDE, Sizes
from adaptlearn.classroom.guardrails import Guardrails
from adaptlearn.classroom.layout import EVENT, FIRST_LEVEL, Meeting, Terms
from adaptlearn.classroom.packing import params_row, population_table, rows_as
from adaptlearn.classroom.rules import Rules
from adaptlearn.core import luck
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Life, Skill, Traits
from adaptlearn.core.record import Tracer, ViewSpec

LIFE = {name: j for j, name in enumerate(Life._fields)}
STATE = ("ids", "slots", "traits", "mind", "touched", "life", "rec", "visits", "last", "legal", "view", "mask")
BLOCK = 128  # threads that start together


def absent() -> str:
    """Why no card can be used here, in words; nothing if one can."""
    if importlib.util.find_spec("numba_cuda") is None:
        return "numba-cuda is not installed (pip install 'adaptlearn[cuda]')"
    from numba import cuda
    from numba.core import config

    if config.ENABLE_CUDASIM:
        return ""
    if not cuda.is_available():
        return "no NVIDIA card, or no driver for one"
    import torch

    return "" if torch.cuda.is_available() else f"this torch ({torch.__version__}) was built without CUDA"


def require(rules: Rules) -> None:
    """Refuse what a card does not do.

    Raises:
        ValueError: no card here, or a world with a chapter that only a processor tells.
    """
    world = rules.world
    if why := absent():
        raise ValueError(f"device = 'cuda': {why}; needed a card, or a room on the processor, e.g. device=cpu")
    if "TOGETHER" in rules.chapters:
        raise ValueError(f"{world.name}: its cohorts or calendar are told on a processor only; needed a world of "
                         "people who learn alone, e.g. onboarding-v1, or device=cpu")  # fmt: skip
    guardrails = Guardrails(world)
    if guardrails.any or len(guardrails.marked):
        raise ValueError(f"{world.name}: its rules (due, pinned, after, live_per_week, marks) are kept on a processor; "
                         "needed a world without, e.g. onboarding-v1, or device=cpu")  # fmt: skip


class CardRoom:
    """N learners in step on a card, with the face of ``room.Classroom`` as far as training and simulation need it.

    Every array is a tensor on the card. ``pay``, ``flags``, ``offers``, ``propensity``, ``mind``, ``touched`` and
    ``visits`` change in place with the next step; ``mask``, ``now`` and what lies side by side are copies.

    Args:
        rules: world, law, behaviour, reward, population, terms.
        n: number of rows.
        seed: of all luck in this room.
        autoreset: when a learner ends, the row's next learner begins in the same step. ``final_view`` is not kept.

    Raises:
        ValueError: no card here, or a world that a card does not serve, see :func:`require`.
    """

    def __init__(self, rules: Rules, n: int, seed: int, *, autoreset: bool = False):
        require(rules)
        self.rules, self.n, self.seed, self.autoreset = rules, n, seed, autoreset
        self.pack, self.terms = rules.pack(), rules.terms(autoreset)
        self.spec = ViewSpec(len(rules.world.skills))
        self.activities = len(rules.world.activities)
        self.sizes = Sizes(
            len(rules.world.skills), self.activities, self.spec.record_size, self.spec.size,
            len(rules.law.Mind._fields), self.pack.most_asked, self.pack.most_taught, self.pack.links.shape[1],
            rules.offer_size(), len(EVENT), len(self.pack.open_days), int(self.terms.decides),
        )  # fmt: skip
        self.kernels = kernels(rules.law, rules.behaviour, rules.reward, rules.chapters, self.sizes)
        self._place()
        self._fixed_rows()
        self._allocate(n)

    def _place(self) -> None:
        """Where tensors live: the card, or under Numba's simulator the host."""
        import torch
        from numba import cuda
        from numba.core import config

        warnings.filterwarnings("ignore", message=".*Grid size .* under-utilization")  # a small room is no mistake
        self.torch, self.cuda = torch, cuda
        self.device = torch.device("cpu" if config.ENABLE_CUDASIM else "cuda")
        self.block = 4 if config.ENABLE_CUDASIM else BLOCK

    def _fixed_rows(self) -> None:
        rules, p, put = self.rules, self.pack, self._given
        self._seed = np.uint64(self.seed)
        self._terms = put(rows_as(Terms._fields, [self.terms]))
        self._law = put(params_row(rules.law, rules.law_params))
        self._behaviour = put(params_row(rules.behaviour, rules.behaviour_params))
        self._reward = put(params_row(rules.reward, rules.reward_params))
        self._tables = put(population_table(rules.population))
        self._skills, self._tracer = put(rows_as(Skill._fields, p.skills)), put(rows_as(Tracer._fields, p.tracer))
        self._acts, self._shown = put(rows_as(FEATURES, p.acts)), put(rows_as(FEATURES, p.shown))
        self._meets = put(rows_as(Meeting._fields, p.meets))
        self._links, self._index, self._weight = put(p.links.ravel()), put(p.index), put(p.weight)
        self._goals, self._newcomer, self._alike = put(p.goals.ravel()), put(p.newcomer), put(p.alike.ravel())
        self._legal_first, self._durations = put(bits(p.legal_first[None])[0]), put(p.durations)
        self._open_days, self._fits = put(bits(p.open_days).ravel()), put(bits(p.fits).ravel())

    def _given(self, array: NDArray[Any]) -> Any:
        """An array of the world on the card."""
        return self.cuda.to_device(np.ascontiguousarray(array))

    def _shared(self, tensor: Any) -> Any:
        """The same memory as kernels read it."""
        if tensor.is_cuda:
            return self.cuda.as_cuda_array(tensor)
        from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

        return FakeCUDAArray(tensor.numpy())

    def _allocate(self, n: int) -> None:
        torch, size = self.torch, self.sizes
        number, whole, byte = torch.float32, torch.int64, torch.uint8

        def rows(*shape: int, kind: Any = number) -> Any:
            return torch.zeros(n, *shape, dtype=kind, device=self.device)

        def beside(name: str, kind: Any = number) -> Any:
            return torch.zeros(-(-n // SIDE), size.beside()[name], SIDE, dtype=kind, device=self.device)

        self._beside = {name: beside(name) for name in ("traits", "life", "rec", "view", "event", "ready")}
        self._beside |= {"answers": beside("answers", byte), "legal": beside("legal_words", whole),
                         "mask": beside("mask_words", whole)}  # fmt: skip
        self.ids, self.slots = rows(kind=whole), rows(2, kind=whole)
        self.mind, self.touched = rows(size.skills, size.mind), rows(size.skills)
        self.visits, self.last = rows(size.activities, kind=byte), rows(size.activities).fill_(-1.0)
        self.pay, self.flags, self._company = rows(), rows(2, kind=byte), rows(FIRST_LEVEL)
        self.offers, self.propensity = rows(size.places, kind=torch.int32), rows(size.places).fill_(1.0)
        self._scores = torch.zeros(size.activities, n, device=self.device).T
        self._history, self._everyone = rows(size.activities, 3), torch.arange(n, device=self.device)
        self._rows, self._ended, self._nothing = rows(kind=whole), self._everyone.new_zeros(1), rows(0)
        mine = {name.lstrip("_"): value for name, value in vars(self).items() if torch.is_tensor(value)}
        shaped = ("scores", "company", "nothing")
        self._seen = {name: self._shared(value if name in shaped else value.view(-1))
                      for name, value in (mine | self._beside).items()}  # fmt: skip
        for name in ("ids", "slots", "legal", "mask", "rows", "everyone"):
            self._seen[name] = self._seen[name].view(np.uint64)

    # --- verbs --------------------------------------------------------------------------------------------------

    def begin(self, ids: ArrayLike | None = None) -> "CardRoom":
        """Births. With ids, these learners, each living once; without, slot i's zeroth learner under autoreset."""
        torch, everyone = self.torch, np.arange(self.n, dtype=np.uint64)
        given = luck.rebirth(self.seed, everyone, 0) if ids is None else np.asarray(ids, np.uint64)
        if given.shape != (self.n,):
            raise ValueError(f"ids of shape {given.shape}; needed ({self.n},), one per row, e.g. np.arange({self.n})")
        self.slots[:, 0], self.slots[:, 1] = self._everyone, 0
        self.ids.copy_(torch.from_numpy(given.view(np.int64).copy()))
        self._rows.copy_(self._everyone)
        self._ended.fill_(self.n)
        self._bear()
        return self

    def _bear(self) -> None:
        s = self._seen
        self._launch(
            "start", s["rows"], s["ended"], self._seed, self._terms, self._law, self._behaviour,
            self._skills, self._tracer, self._goals, self._newcomer, self._tables, self._legal_first, self._open_days,
            self._durations, self._fits,
            s["ids"], s["traits"], s["traits"], s["mind"], s["touched"], s["life"], s["life"], s["rec"], s["visits"],
            s["last"], s["legal"], s["view"], s["mask"],
        )  # fmt: skip

    def step(self) -> None:
        """One decision of everyone alive, on what ``offers`` holds."""
        s = self._seen
        self._launch(
            "step", 0, self.n, self._seed, self._terms, self._law, self._behaviour, self._reward, self._skills,
            self._tracer, self._acts, self._shown, self._links, self._index, self._weight, self._goals,
            self._open_days, self._durations, self._fits, s["ids"], s["traits"], s["mind"], s["touched"], s["life"],
            s["rec"], s["visits"], s["last"], s["legal"], s["offers"], s["view"], s["mask"], s["pay"], s["flags"],
            s["event"], s["answers"], s["ready"], s["company"], self._meets,
        )  # fmt: skip
        if self.autoreset:
            self._ended.zero_()
            self._launch("next_lives", self._seed, s["slots"], s["life"], s["view"], s["nothing"], s["ids"],
                         s["rows"], s["ended"])  # fmt: skip
            self._bear()

    def choose(self, scores: Any, temperature: float = 1.0, diversity: float = 0.0) -> None:
        """Scores [N, A] become ``self.offers`` and ``self.propensity``; the luck is each learner's own."""
        self._scores.copy_(scores)
        s = self._seen
        self._launch("choose", *self._asked(), s["scores"], s["mask"], np.float32(temperature), self._alike,
                     np.float32(diversity), s["offers"], s["propensity"])  # fmt: skip

    def wander(self) -> None:
        """Uniform legal offers into ``self.offers``, addressed by learner like any other choice."""
        s = self._seen
        self._launch("wander", *self._asked(), s["mask"], s["offers"], s["propensity"])

    def _asked(self) -> tuple[Any, ...]:
        """Whom a decision is about, when, and whether they are there."""
        return self._seed, self._seen["ids"], self._seen["life"], self._seen["life"]

    def _launch(self, kernel: str, *arguments: Any) -> None:
        """One thread per learner, in torch's current stream: a torch.cuda.graph may record it."""
        stream = self.torch.cuda.current_stream().cuda_stream if self.device.type == "cuda" else 0
        blocks = -(-self.n // self.block)
        getattr(self.kernels, kernel)[blocks, self.block, _stream(stream)](*arguments)

    def history(self, out: Any = None) -> Any:
        """Per-activity history of all rows: visits / 2, recency 1 / (1 + days / 7), done.   -> [N, A, 3]"""
        s = self._seen
        self._launch("recall", s["everyone"], s["life"], s["visits"], s["last"], s["history"])
        return self._history if out is None or out is self._history else out.copy_(self._history)

    # --- questions ----------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """What lies side by side on the card (traits, life, rec, view, event) as rows.   -> [N, .], a copy"""
        beside = vars(self).get("_beside", {})
        if name not in beside:
            raise AttributeError(f"a room on a card has no {name!r}")
        return self._copied(beside[name].transpose(1, 2), beside[name].shape[1])

    @property
    def mask(self) -> Any:
        """What may be offered now.   -> uint8 [N, A], a copy"""
        torch = self.torch
        eighths = self._beside["mask"].view(torch.uint8).unflatten(2, (SIDE, 8))  # little-endian, as every card is
        ones = (eighths[..., None] >> torch.arange(8, dtype=torch.uint8, device=self.device)) & 1
        return ones.transpose(1, 2).reshape(len(ones) * SIDE, -1)[: self.n, : self.activities]

    @property
    def alive(self) -> Any:
        """Who is still learning.   -> [N]"""
        return self.now("alive") > 0.5

    acting = alive

    def now(self, name: str) -> Any:
        """One column of life.   -> [N], a copy"""
        return self._copied(self._beside["life"][:, LIFE[name]])

    def trait(self, name: str) -> Any:
        """One column of traits (latent; for analysis, never for a policy).   -> [N], a copy"""
        return self._copied(self._beside["traits"][:, Traits._fields.index(name)])

    def _copied(self, beside: Any, *width: int) -> Any:
        """Rows of what lies side by side; a single group of 32 would be handed out itself."""
        rows = beside.reshape(-1, *width)[: self.n]
        return rows if len(beside) > 1 else rows.clone()

    # --- snapshot ------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """A copy of everything that changes, on the host; what lies side by side, as it lies."""
        return {name: self._state(name).cpu().numpy().copy() for name in STATE}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put a snapshot back."""
        for name in STATE:
            self._state(name).copy_(self.torch.from_numpy(np.ascontiguousarray(state[name])))

    def _state(self, name: str) -> Any:
        return self._beside[name] if name in self._beside else getattr(self, name)

    def synchronize(self) -> None:
        """Wait for the card."""
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()


@lru_cache(maxsize=16)
def _stream(number: int) -> Any:
    """A stream of torch as Numba knows it."""
    from numba import cuda

    return cuda.external_stream(number) if number else 0


def bits(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Bytes of activities, eight to a word, as bits, 64 to a word.   [., W] -> [., ceil(W / 8)]"""
    table = np.ascontiguousarray(words).view(np.uint8)
    wide = np.pad(table, ((0, 0), (0, -table.shape[1] % WIDE)))
    return np.packbits(wide, axis=1, bitorder="little").view(np.uint64)


def maker(device: str) -> Any:
    """What makes a classroom on a device, ``cpu`` or ``cuda``: called with (rules, rows, seed, autoreset=...).

    Raises:
        ValueError: another device.
    """
    if device == "cuda":
        return CardRoom
    if device != "cpu":
        raise ValueError(f"device = {device!r}; needed cpu or cuda, e.g. 'cpu'")
    from adaptlearn.classroom.room import Classroom

    return Classroom
