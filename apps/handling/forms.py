"""What somebody types to the other side. What it means is decided below."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.design.fields import DayField, OneOfField
from apps.design.words import words_for
from apps.documents.services import BYTES_MAX
from apps.handling.services import TEXT_MAX
from cstraject.refusal import Refusal


class MessageForm(forms.Form):
    text = forms.CharField(
        label=_("Your message"),
        max_length=TEXT_MAX,
        help_text=_("At most 5,000 characters."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    document = forms.FileField(
        label=_("Document"), help_text=_("A PDF or a picture, at most 10 MB."), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "message_%s", **kwargs})

    def clean_document(self) -> "File[bytes] | None":
        document: File[bytes] | None = self.cleaned_data["document"]
        if document is not None and (document.size or 0) > BYTES_MAX:
            max_mb = BYTES_MAX // 1024 // 1024
            raise ValidationError(words_for(Refusal("upload-too-large", max_mb=max_mb)))
        return document


class AskForm(MessageForm):
    """A message of the agency, which may ask for information: the clock then stands still."""

    asks = forms.BooleanField(
        label=_("Ask for information: the clock stands still until the answer"), required=False
    )
    answer_by = DayField(label=_("Answer by"), required=False)

    field_order = ["text", "asks", "answer_by", "document"]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if typed.get("asks") and not typed.get("answer_by") and "answer_by" not in self.errors:
            self.add_error("answer_by", _("Say by which day you need the answer."))
        return typed


class HandOverForm(forms.Form):
    officer = OneOfField(label=_("Colleague"), queryset=User.objects.none())

    def offer(self, officers: QuerySet[User]) -> None:
        officer = self.fields["officer"]
        assert isinstance(officer, forms.ModelChoiceField)
        officer.queryset = officers
