"""The public register (KBO) and annual accounts (NBB), read by number. Nothing here is a tenant's.

Rows of the register come in millions, in any order and from files that may be wrong, so they
point at one another by number, without foreign keys: a line whose enterprise is missing is the
register's affair, and must not stop an import.
"""

from django.db import models
from django.db.models import F, Q

NATURAL_PERSON = "natural_person"
LEGAL_PERSON = "legal_person"
KINDS = (NATURAL_PERSON, LEGAL_PERSON)

FULL = "full"
UPDATE = "update"


class Enterprise(models.Model):
    """An enterprise as the latest extract that held it tells of it. Gone ones stay.

    Names and addresses come from files of their own, by extract: `named_by` and `placed_by`.
    """

    number = models.CharField(max_length=10, primary_key=True)
    name = models.CharField(max_length=320, blank=True)
    name_rank = models.SmallIntegerField(help_text="Of several names the lowest rank is kept.")
    named_by = models.PositiveIntegerField()
    status = models.CharField(max_length=10)
    kind = models.CharField(max_length=20, blank=True)
    legal_form_code = models.CharField(max_length=10, blank=True)
    started_on = models.DateField(null=True)
    # Of the registered office; natural persons have none.
    postal_code = models.CharField(max_length=20, blank=True)
    municipality = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=100, blank=True, help_text="Empty: Belgium.")
    placed_by = models.PositiveIntegerField()
    gone_since = models.DateField(null=True, help_text="Day of the extract that no longer held it.")
    extract = models.PositiveIntegerField()
    snapshot_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="enterprise_kind_known", condition=Q(kind="") | Q(kind__in=KINDS)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Establishment(models.Model):
    """An establishment unit of an enterprise."""

    number = models.CharField(max_length=10, primary_key=True)
    enterprise_number = models.CharField(max_length=10)
    started_on = models.DateField(null=True)
    postal_code = models.CharField(max_length=20, blank=True)
    municipality = models.CharField(max_length=200, blank=True)
    placed_by = models.PositiveIntegerField()
    gone_since = models.DateField(null=True)
    extract = models.PositiveIntegerField()
    snapshot_on = models.DateField()

    class Meta:
        indexes = [
            models.Index(name="establishment_of_enterprise", fields=["enterprise_number"]),
        ]

    def __str__(self) -> str:
        return self.number


class Activity(models.Model):
    """A main or secondary activity of an enterprise or establishment, per group (VAT, ONSS)."""

    pk = models.CompositePrimaryKey(
        "entity_number", "group", "nace_version", "code", "classification"
    )
    entity_number = models.CharField(max_length=10)
    group = models.CharField(max_length=6)
    nace_version = models.CharField(max_length=4)
    code = models.CharField(max_length=7)
    classification = models.CharField(max_length=4)
    extract = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.entity_number} {self.nace_version} {self.code}"


class Code(models.Model):
    """What a code of the register means, in a language: legal forms, activities and others."""

    pk = models.CompositePrimaryKey("category", "code", "language")
    category = models.CharField(max_length=40)
    code = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    description = models.CharField(max_length=1000)
    extract = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.category} {self.code}"


class Accounts(models.Model):
    """The figures of one deposit of annual accounts, in euro. Null: not in the filing."""

    reference = models.CharField(max_length=30, unique=True)
    enterprise_number = models.CharField(max_length=10)
    begins_on = models.DateField()
    closed_on = models.DateField()
    deposited_on = models.DateField()
    model = models.CharField(max_length=40, blank=True)
    headcount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    turnover = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    balance_total = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    equity = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    sha256 = models.CharField(max_length=64, help_text="Of the file as it was received.")
    received_at = models.DateTimeField()
    of_everyone = models.BooleanField(
        default=False,
        help_text="Came with the deposits of everybody, so that it tells nothing of who is here.",
    )

    class Meta:
        indexes = [models.Index(name="accounts_of_enterprise", fields=["enterprise_number"])]
        constraints = [
            models.CheckConstraint(
                name="accounts_close_after_they_begin", condition=Q(closed_on__gt=F("begins_on"))
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class RegisterImport(models.Model):
    """One extract of the register, and how far its import has come."""

    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    snapshot_on = models.DateField()
    selection = models.CharField(
        max_length=64, blank=True, help_text="Digest of the numbers asked for. Empty: all."
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="extract_imported_once", fields=["number", "kind"]),
            models.CheckConstraint(name="extract_kind_known", condition=Q(kind__in=(FULL, UPDATE))),
        ]

    def __str__(self) -> str:
        return f"{self.number} ({self.kind})"


class ImportedFile(models.Model):
    """How far one file of an extract has been read, written with what was read of it."""

    register_import = models.ForeignKey(
        RegisterImport, on_delete=models.PROTECT, related_name="files"
    )
    name = models.CharField(max_length=40)
    rows_read = models.PositiveIntegerField(default=0)
    rows_kept = models.PositiveIntegerField(default=0)
    rows_wrong = models.PositiveIntegerField(default=0)
    done = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="file_once_per_extract", fields=["register_import", "name"]
            ),
            models.CheckConstraint(
                name="file_rows_kept_or_wrong_were_read",
                condition=Q(rows_read__gte=F("rows_kept") + F("rows_wrong")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RegisterImportError(models.Model):
    """A row that was left out, and why; of each file the first thousand."""

    register_import = models.ForeignKey(
        RegisterImport, on_delete=models.PROTECT, related_name="errors"
    )
    file = models.CharField(max_length=40)
    line = models.PositiveIntegerField()
    reason = models.CharField(max_length=40, help_text="The code of a refusal.")
    facts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"
