"""What one may do: record a deed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from apps.audit.models import Entry


class Actor(Protocol):
    """Who did it: a person, a machine or the timetable."""

    pk: int
    name: str


def record(
    *,
    actor: Actor,
    action: str,
    subject_id: object,
    at: datetime,
    provider_id: int | None = None,
    case_id: UUID | None = None,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write one deed down; amounts and days in `facts` are kept as text."""
    record_all(
        actor=actor,
        action=action,
        at=at,
        deeds=[(subject_id, provider_id, case_id, facts or {})],
    )


def record_all(
    *,
    actor: Actor,
    action: str,
    at: datetime,
    deeds: Iterable[tuple[object, int | None, UUID | None, Mapping[str, object]]],
) -> None:
    """Write the same deed down for many subjects: (subject, provider, dossier, facts) each."""
    Entry.objects.bulk_create(
        (
            Entry(
                actor_id=actor.pk,
                actor_name=actor.name,
                action=action,
                subject_id=str(subject_id),
                at=at,
                provider_id=provider_id,
                case_id=case_id,
                facts={name: _plain(value) for name, value in facts.items()},
            )
            for subject_id, provider_id, case_id, facts in deeds
        ),
        batch_size=2000,
    )


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return str(value)
