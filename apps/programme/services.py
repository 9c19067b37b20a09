"""What one may do: prepare a new edition beside the old ones, and change it until it decided."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.programme.models import Edition
from cstraject.refusal import Refusal


class PackageRow(NamedTuple):
    """A package of an edition: code, price band in euro excluding VAT, days of validity."""

    code: str
    price_min: Decimal
    price_max: Decimal
    valid_from: date
    valid_until: date


@transaction.atomic
def prepare_edition(
    *,
    beside: Edition,
    values: Mapping[str, Any],
    packages: Iterable[PackageRow],
    actor: User,
    at: datetime,
) -> Edition:
    """A new edition with these terms; legal forms and activities are those of the one beside it."""
    edition = Edition(**values)
    _name_is_free(edition)
    edition.save(force_insert=True)
    _put_packages(edition, packages)
    for kind in ("legal_forms", "activities"):
        for row in getattr(beside, kind).all():
            row.pk, row.edition, row._state.adding = None, edition, True
            row.save(force_insert=True)
    _record(edition, "edition.prepare", actor, at, beside=beside.name)
    return edition


def prepare_alike(
    *, beside: Edition, name: str, valid_from: date, valid_until: date, actor: User, at: datetime
) -> Edition:
    """A new edition with the terms of the one beside it, for other days."""
    fields = (field.attname for field in Edition._meta.concrete_fields if not field.primary_key)
    days = {"valid_from": valid_from, "valid_until": valid_until}
    return prepare_edition(
        beside=beside,
        values={field: getattr(beside, field) for field in fields} | {"name": name, **days},
        packages=[
            PackageRow(package.code, package.price_min, package.price_max, *days.values())
            for package in beside.packages.order_by("code")
        ],
        actor=actor,
        at=at,
    )


@transaction.atomic
def change_edition(
    *,
    edition: Edition,
    values: Mapping[str, Any],
    packages: Iterable[PackageRow],
    actor: User,
    at: datetime,
) -> Edition:
    """Change the terms of an edition by which no dossier was decided yet (`edition-stands`)."""
    before = {name: getattr(edition, name) for name in values}
    for name, value in values.items():
        setattr(edition, name, value)
    _name_is_free(edition)
    try:
        with transaction.atomic():
            edition.save(force_update=True)
            edition.packages.all().delete()
            _put_packages(edition, packages)
    except IntegrityError as error:
        if "a dossier was decided" not in str(error):
            raise
        raise Refusal("edition-stands") from error
    changed = [name for name, value in before.items() if getattr(edition, name) != value]
    _record(edition, "edition.change", actor, at, changed=changed)
    return edition


@transaction.atomic
def change_letter_note(*, edition: Edition, letter_note: str, actor: User, at: datetime) -> Edition:
    """Change what stands below each letter of decision to come; no dossier is decided by it."""
    before = edition.letter_note
    if before != letter_note:
        edition.letter_note = letter_note
        edition.save(update_fields=["letter_note"])
        facts = {"changed": ["letter_note"], "before": before, "after": letter_note}
        _record(edition, "edition.change", actor, at, **facts)
    return edition


def _name_is_free(edition: Edition) -> None:
    if Edition.objects.filter(name=edition.name).exclude(pk=edition.pk).exists():
        raise Refusal("edition-name-taken", given=edition.name)


def _put_packages(edition: Edition, packages: Iterable[PackageRow]) -> None:
    rows = list(packages)
    if not rows:
        raise Refusal("edition-without-package")
    if len({row.code for row in rows}) < len(rows):
        raise Refusal("package-twice")
    for row in rows:
        edition.packages.create(**row._asdict())


def _record(edition: Edition, deed: str, actor: User, at: datetime, **facts: object) -> None:
    record(
        actor=actor,
        action=deed,
        subject_id=edition.pk,
        at=at,
        facts={"edition": edition.name, **facts},
    )
