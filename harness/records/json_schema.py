"""JSON Schemas of what the harness writes, for readers in other languages."""

from __future__ import annotations

import inspect
import re
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ATTRIBUTES: Final = "Attributes:"
_ENTRY: Final = re.compile(r"\n {4}(?=\S)")
_NONE: Final = re.compile(r"\bNone\b")


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a document as it is written: every field stands in it, but those that have their default left out.

    Args:
        model: of the document.

    Returns:
        A JSON Schema, draft 2020-12, without an identifier; each field has the description that its class gives it.
    """
    schema = model.model_json_schema(mode="serialization", schema_generator=_Generator)
    definitions = schema.pop("$defs", {})
    return {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}


class _Generator(GenerateJsonSchema):
    """Requires every field of an object that is always written, and gives each the line of it in the docstring."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        return _told(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        return _told(super().dataclass_schema(schema), schema["cls"]) | {"additionalProperties": False}


def _told(schema: JsonSchemaValue, owner: type[Any]) -> JsonSchemaValue:
    notes: dict[str, str] = {}
    for one in reversed(owner.__mro__):
        notes.update(_notes(vars(one).get("__doc__") or ""))
    summary = _plain(inspect.cleandoc(owner.__doc__ or "").partition(_ATTRIBUTES)[0])
    properties = {
        name: {**field, "description": notes[name]} if name in notes else field
        for name, field in schema["properties"].items()
    }
    described = {"title": schema["title"], "description": summary} if summary else {"title": schema["title"]}
    rest = {key: value for key, value in schema.items() if key not in ("title", "description")}
    fields = getattr(owner, "model_fields", {})
    required = [name for name in properties if name not in fields or fields[name].exclude_if is None]
    return {**described, **rest, "properties": properties, "required": required}


def _notes(docstring: str) -> dict[str, str]:
    """What the section on attributes says of each; a line may be about several, as in "low, high: ..."."""
    entries = _ENTRY.split("\n" + inspect.cleandoc(docstring).partition(f"{_ATTRIBUTES}\n")[2])[1:]
    parts = (entry.partition(":") for entry in entries)
    return {name.strip(): _plain(text) for names, _, text in parts for name in names.split(",")}


def _plain(text: str) -> str:
    """One line, with JSON's word for nothing."""
    return _NONE.sub("null", " ".join(text.split()))
