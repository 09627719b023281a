"""The model that MLflow serves, as code: one row in is one learner's request, one row out the recommendation.

MLflow keeps this file beside the bundle and a copy of the runtime's folder, ``adaptlearn_runtime``, and runs it where
neither the laboratory nor PyTorch is installed. A request that cannot be honoured does not fail the others: its row
comes back with ``refused`` saying which field was wrong.
"""

import json
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

COLUMNS = ("profile", "record", "event", "day", "k")
ANSWERS = ("record", "choices", "mastery", "fallback", "refused")


class Served(PythonModel):  # type: ignore[misc]
    """A bundle behind MLflow's ``predict``."""

    def load_context(self, context: Any) -> None:
        """Open the bundle, with every check of its own."""
        import adaptlearn_runtime

        self.runtime = adaptlearn_runtime.load(context.artifacts["bundle"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row per request.

        Columns in, text being JSON: ``profile`` of somebody new, or the ``record`` kept from last time; ``event``, what
        became of the last offer; ``day``; ``k``, places in the slate. Empty where there is none.
        """
        rows = [self.answer({**dict.fromkeys(COLUMNS), **row}) for row in model_input.to_dict("records")]
        return pd.DataFrame(rows, columns=list(ANSWERS))

    def answer(self, row: dict[str, Any]) -> dict[str, str]:
        """One request."""
        try:
            given = {name: None if value is None or value != value or value == "" else value
                     for name, value in row.items()}  # fmt: skip
            record = (self.runtime.record_from(given["record"]) if given["record"]
                      else self.runtime.start(self.read("profile", given["profile"])))  # fmt: skip
            if given["event"]:
                record = self.runtime.observe(record, self.read("event", given["event"]))
            places = given["k"] or 1
            places = int(places) if places % 1 == 0 else places  # MLflow has no whole numbers that may be missing
            advice = self.runtime.recommend(record, k=places, day=given["day"])
        except ValueError as refusal:
            return dict.fromkeys(ANSWERS, "") | {"refused": str(refusal)}
        choices = [{"activity": c.activity, "title": c.title, "propensity": c.propensity, "why": c.why}
                   for c in advice.choices]  # fmt: skip
        return {"record": advice.record.to_json(), "choices": json.dumps(choices), "fallback": advice.fallback,
                "mastery": json.dumps(dict(advice.mastery)), "refused": ""}  # fmt: skip

    @staticmethod
    def read(name: str, text: Any) -> Any:
        """JSON of a column."""
        try:
            return json.loads(text or "null")
        except (ValueError, TypeError) as trouble:
            raise ValueError(f"{name}: {trouble}; needed JSON") from trouble


mlflow.models.set_model(Served())
