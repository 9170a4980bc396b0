"""What every model of the catalog is made of: strict and frozen, with names, paths and durations as types of their own."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from platformctl.catalog.durations import checked, seconds

DNS_LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# No comma: helm splits `-f a,b` into two files. No leading dash or tilde, no control characters.
FILE_PATH: Final = r"^[^\s,~-][^,\x00-\x1f\x7f]*$"
NOT_AN_OPTION: Final = r"^[^-\s]\S*$"
DURATION: Final = r"^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$"
VALUE_KEY: Final = r"^[A-Za-z_][A-Za-z0-9_/-]*(\\?[.][A-Za-z0-9_][A-Za-z0-9_/-]*|\[[0-9]{1,4}\])*$"

# What a pattern asks for, in words: a message with a regular expression in it helps nobody.
MEANING: Final = {
    DNS_LABEL: "must be lower-case letters, digits and dashes, with a letter or digit at both ends",
    FILE_PATH: "is no usable path: no comma, no control character, and no space, ~ or - at its start",
    NOT_AN_OPTION: "must not start with a dash or hold spaces",
    VALUE_KEY: "must be a key of the chart's values, like image.tag or hosts[0].name",
}


def _positive(text: str) -> str:
    if seconds(checked(text)) <= 0:
        raise ValueError(f'"{text}" is no time at all')
    return text


Name = Annotated[str, StringConstraints(pattern=DNS_LABEL, max_length=53)]
NamespaceName = Annotated[str, StringConstraints(pattern=DNS_LABEL, max_length=63)]
FilePath = Annotated[str, StringConstraints(pattern=FILE_PATH, max_length=512)]
ValueKey = Annotated[str, StringConstraints(pattern=VALUE_KEY, max_length=253)]
_DURATION_FIELD = Field(examples=["90s", "10m"], json_schema_extra={"pattern": DURATION})
Duration = Annotated[str, AfterValidator(checked), _DURATION_FIELD]
Deadline = Annotated[str, AfterValidator(_positive), _DURATION_FIELD]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
