"""From the JSON of a record to a Record and back: read strictly, once, at the door.

Format 1 had other names (net, drops, warm_up, code); it stays readable. What is not there takes its
default only where the format says so; what nobody knows is refused by name.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from typing import Any

from ..recipes import SCHEDULES, TIERS, Recipe, RunConfig
from .files import printable
from .schema import FORMAT, Provenance, Record

LARGEST_INTEGER = 2**53  # beyond it a float, as other readers of JSON have it, is not exact

# Names of format 1 -> names of today.
RECIPE_NAMES_1 = {
    "drops": "milestones",
    "warm_up": "warmup_steps",
    "warm_up_lr": "warmup_lr",
}
CONFIG_NAMES_1 = {"net": "arch"}
PROVENANCE_NAMES_1 = {"code": "source"}


class NotARecord(ValueError):
    """What is wrong with the content of a record, as the end of a sentence."""


def to_json(record: Record) -> str:
    """A record as JSON text; NaN and infinity, which JSON does not have, as null."""
    content = nan_to_none({"format": FORMAT, **asdict(record)})
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def nan_to_none(value: object) -> object:
    """The same data with None for NaN and infinity: a diverged loss is stored as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: nan_to_none(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [nan_to_none(item) for item in value]
    return value


def from_json(text: str | bytes) -> Record:
    """The record that JSON text holds. Raises NotARecord, which says what is wrong with it."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise NotARecord("it is nested too deeply") from None
    except ValueError:
        raise NotARecord("it is not JSON") from None
    data = _object(content, "the record")
    match data.pop("format", None):
        case 1:
            return _record(_from_format_1(data))
        case 2:
            return _record(data)
        case other:
            raise NotARecord(f"it has format {printable(other)}; this version reads 1 and {FORMAT}")


def _record(data: dict[str, object]) -> Record:
    known = _known(data, Record, "the record")
    curves = _series(known["curves"], "curves")
    if len({len(values) for values in curves.values()}) > 1:
        raise NotARecord("it has curves of different lengths")
    stopped = known.get("stopped_at")
    return Record(
        study=_text(known["study"], "study"),
        config=_config(known["config"]),
        curves=curves,
        final=_numbers(known["final"], "final"),
        provenance=_provenance(known["provenance"]),
        profiles=_profiles(known.get("profiles", {})),
        stopped_at=None if stopped is None else _integer(stopped, "stopped_at"),
    )


def _config(value: object) -> RunConfig:
    data = _known(_object(value, "config"), RunConfig, "config")
    return RunConfig(
        arch=_text(data["arch"], "arch"),
        depth=_integer(data["depth"], "depth"),
        seed=_integer(data["seed"], "seed"),
        recipe=_recipe(data["recipe"]),
        shortcut=_text(data.get("shortcut", "A"), "shortcut"),
        variant=_text(data.get("variant", ""), "variant"),
        start_depth=_integer(data.get("start_depth", 0), "start_depth"),
        label=_text(data.get("label", ""), "label"),
    )


def _recipe(value: object) -> Recipe:
    data = _known(_object(value, "recipe"), Recipe, "recipe")
    values = _fields(data, Recipe, except_for=("milestones",))
    milestones = data.get("milestones", [])
    if not isinstance(milestones, list):
        raise NotARecord("its milestones are no list")
    recipe = Recipe(**values, milestones=tuple(_integer(m, "milestones") for m in milestones))
    if recipe.tier not in (*TIERS, "published") or recipe.schedule not in SCHEDULES:
        raise NotARecord("its recipe has a tier or a schedule that nobody knows")
    return recipe


def _provenance(value: object) -> Provenance:
    data = _known(_object(value, "provenance"), Provenance, "provenance")
    return Provenance(**_fields(data, Provenance))


def _fields(
    data: dict[str, object], kind: type[Recipe | Provenance], except_for: Sequence[str] = ()
) -> dict[str, Any]:
    """The fields of a dataclass that `data` has, each read as the type it is declared with."""
    readers: dict[object, Callable[[object, str], object]] = {
        str: _text,
        str | None: _text_or_none,
        int: _integer,
        int | None: _integer_or_none,
        float: _number,
        float | None: _number_or_none,
        bool: _truth,
        Mapping[str, str]: _texts,
    }
    values = {}
    for field in fields(kind):
        if field.name in data and field.name not in except_for:
            values[field.name] = readers[field.type](data[field.name], field.name)
    return values


def _profiles(value: object) -> dict[str, list[float]]:
    profiles = _series(value, "profiles")
    for name in profiles:
        if not name.rpartition("@")[2].isdecimal():
            raise NotARecord(f"its profile {printable(name)!r} does not say after which iteration")
    return profiles


def _from_format_1(data: dict[str, object]) -> dict[str, object]:
    """The fields of a format-1 record under today's names."""
    config = _object(data.get("config"), "config")
    recipe = _renamed(_object(config.get("recipe"), "recipe"), RECIPE_NAMES_1)
    if recipe.get("schedule") == "steps":
        recipe["schedule"] = "multistep"
    config = _renamed(config, CONFIG_NAMES_1) | {"recipe": recipe}
    provenance = _renamed(_object(data.get("provenance"), "provenance"), PROVENANCE_NAMES_1)
    provenance.setdefault("commit", None)
    return data | {"config": config, "provenance": provenance}


def _renamed(data: dict[str, object], names: Mapping[str, str]) -> dict[str, object]:
    return {names.get(name, name): value for name, value in data.items()}


def _known(
    data: dict[str, object], kind: type[Record | RunConfig | Recipe | Provenance], what: str
) -> dict[str, object]:
    """The fields of a dataclass from JSON: all that it needs, and none that it does not have."""
    there = fields(kind)
    required = {
        field.name
        for field in there
        if field.default is MISSING and field.default_factory is MISSING
    }
    if missing := sorted(required - set(data)):
        raise NotARecord(f"{what} lacks {', '.join(missing)}")
    if unknown := sorted(set(data) - {field.name for field in there}):
        raise NotARecord(f"{what} has fields that nobody knows: {printable(', '.join(unknown))}")
    return data


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise NotARecord(f"{what} is no object")
    return dict(value)


def _series(value: object, what: str) -> dict[str, list[float]]:
    series = {}
    for name, values in _object(value, what).items():
        if not isinstance(values, list):
            raise NotARecord(f"{what} {printable(name)!r} is no list")
        series[name] = [_number(item, name) for item in values]
    return series


def _numbers(value: object, what: str) -> dict[str, float]:
    return {name: _number(item, name) for name, item in _object(value, what).items()}


def _texts(value: object, what: str) -> dict[str, str]:
    return {name: _text(item, name) for name, item in _object(value, what).items()}


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise NotARecord(f"its {printable(what)} is no text")
    return value


def _text_or_none(value: object, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _truth(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise NotARecord(f"its {printable(what)} is neither true nor false")
    return value


def _integer(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_INTEGER:
        raise NotARecord(f"its {printable(what)} is no whole number")
    return value


def _integer_or_none(value: object, what: str) -> int | None:
    return None if value is None else _integer(value, what)


def _number(value: object, what: str) -> float:
    """A number as it stands (whole ones stay whole); null is NaN."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotARecord(f"its {printable(what)} holds something that is no number")
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise NotARecord(f"its {printable(what)} holds a number that is too large")
    return value


def _number_or_none(value: object, what: str) -> float | None:
    return None if value is None else _number(value, what)
