"""What one may do with a draft: begin it, keep a step of it, discard it, file it.

What was typed is kept as it was typed, right or wrong; only the filing asks whether it can be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.documents.models import OFFER, Document
from apps.dossiers.models import Dossier, Draft
from apps.dossiers.services import file_dossier
from cstraject.quarter import day_of
from cstraject.refusal import Refusal

# What one step may hold of what was typed, in characters.
TYPED_MAX = 200_000


@dataclass(frozen=True)
class Typed:
    """What stands in a step: its fields as they were typed, and who saved them last."""

    fields: Mapping[str, list[str]]
    language: str
    version: int
    """How often the step was saved; nought for one that never was."""
    by: str
    at: datetime | None
    by_key: str = ""
    """Whose `by` is; empty for a step that was saved before this was kept."""
    carried: bool = False
    """Whether it came along from a pre-check, and nobody saved it as this step yet."""


NOTHING = Typed({}, "", 0, "", None)


def typed_in(draft: Draft, step: str) -> Typed:
    kept = draft.steps.get(step)
    if kept is None:
        return NOTHING
    return Typed(
        kept["fields"],
        kept["language"],
        kept["version"],
        kept["by"],
        datetime.fromisoformat(kept["at"]),
        kept.get("by_key", ""),
        kept.get("carried", False),
    )


@transaction.atomic
def start_draft(*, provider_id: int, actor: User, at: datetime) -> Draft:
    """Begin a draft; one that the same person began and left empty is taken up again."""
    untouched = Draft.objects.filter(started_by=actor, saved=0, discarded_on=None, dossier=None)
    return untouched.first() or Draft.objects.create(
        provider_id=provider_id,
        started_by=actor,
        started_at=at,
        changed_by=actor,
        changed_at=at,
    )


@transaction.atomic
def keep_step(
    *,
    draft: Draft,
    step: str,
    fields: Mapping[str, list[str]],
    language: str,
    seen: int,
    told: Mapping[str, Any],
    actor: User,
    at: datetime,
    carried: bool = False,
) -> Draft:
    """Keep what was typed in a step. `seen` is how often it was saved when it was opened.

    Refuses (`draft-changed`) what was typed beside something newer, so that nobody's work is
    overwritten unseen. `told` is what could be read of it, for the list and the counts;
    `carried` says that it came along from a pre-check.
    """
    draft = _lock(draft)
    # A database keeps every sign but one, which nobody types.
    fields = {n: [value.replace("\x00", "") for value in v] for n, v in fields.items()}
    kept = typed_in(draft, step)
    if kept.version == seen + 1 and (kept.fields, kept.by_key) == (fields, str(actor.pk)):
        return draft  # Pressed twice.
    if kept.version != seen:
        raise Refusal("draft-changed")
    if sum(len(value) for values in fields.values() for value in values) > TYPED_MAX:
        raise Refusal("draft-too-long")
    draft.steps[step] = {
        "fields": fields,
        "language": language,
        "version": seen + 1,
        "by": actor.name,
        "by_key": str(actor.pk),
        "at": at.isoformat(),
        "carried": carried,
    }
    for name in ("enterprise_number", "enterprise_name", "nace_code", "postal_code", "headcount"):
        if name in told:
            setattr(draft, name, told[name])
    draft.saved += 1
    _keep(draft, actor, at, "steps")
    return draft


@transaction.atomic
def attach(*, draft: Draft, document: Document, actor: User, at: datetime) -> Draft:
    """Put a document that was received with a draft, in the place of an earlier one of its kind."""
    draft = _lock(draft)
    if document.kind == OFFER:
        draft.offer = document
    else:
        draft.declaration = document
    draft.saved += 1
    _keep(draft, actor, at)
    return draft


@transaction.atomic
def discard_draft(*, draft: Draft, actor: User, at: datetime) -> None:
    """Set a draft aside for good. It stays countable; nobody sees it in a list again."""
    draft = _lock(draft)
    draft.discarded_on = day_of(at)
    _keep(draft, actor, at, "discarded_on")
    record(
        actor=actor,
        action="draft.discard",
        subject_id=draft.pk,
        at=at,
        provider_id=draft.provider_id,
    )


@transaction.atomic
def file_draft(
    *,
    draft: Draft,
    facts: Mapping[str, Any],
    facts_source: str,
    package: str,
    with_extension: bool,
    price_excl_vat: Decimal,
    person_days: Decimal,
    actor: User,
    at: datetime,
) -> Dossier:
    """File what was prepared. A draft is filed once: who files it again gets the same dossier."""
    draft = _lock(draft, filed=True)
    if draft.dossier is not None:
        return draft.dossier
    dossier = file_dossier(
        provider_id=draft.provider_id,
        package=package,
        with_extension=with_extension,
        price_excl_vat=price_excl_vat,
        person_days=person_days,
        facts=facts,
        facts_source=facts_source,
        offer=draft.offer_id,
        declaration=draft.declaration_id,
        actor=actor,
        at=at,
    )
    draft.dossier, draft.filed_on = dossier, day_of(at)
    _keep(draft, actor, at, "dossier", "filed_on")
    return dossier


def _lock(draft: Draft, *, filed: bool = False) -> Draft:
    """The draft as it stands now; who else wants it waits. Refuses one that is gone."""
    locked = Draft.objects.select_for_update(no_key=True, of=("self",)).get(pk=draft.pk)
    if locked.discarded_on is not None or (locked.dossier_id is not None and not filed):
        raise Refusal("draft-gone")
    return locked


def _keep(draft: Draft, actor: User, at: datetime, *changed: str) -> None:
    draft.changed_by, draft.changed_at = actor, at
    draft.save(
        update_fields=[
            *("changed_by", "changed_at", "saved", "enterprise_number", "enterprise_name"),
            *("nace_code", "postal_code", "headcount", "offer", "declaration"),
            *changed,
        ]
    )
