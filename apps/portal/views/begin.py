"""A dossier in preparation is begun, empty or with the answers of a pre-check."""

import hashlib
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.http import require_POST

from apps.contracts.selectors import contract_of
from apps.dossiers import drafts
from apps.dossiers.models import Draft
from apps.portal.draft_forms import CARRIED_MAX, ENTERPRISE, STEPS, Carried
from apps.portal.views.drafts import prepared_now
from apps.portal.views.overview import overview_page
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.receipts.services import answer_once
from cstraject.quarter import day_of


@requires("file_dossiers")
@require_POST
def start(request: DoorRequest, provider: str) -> HttpResponse:
    """Begin empty, or with the answers of a pre-check, from the file that it gave."""
    at, file = timezone.now(), request.FILES.get("answers")
    with telling(request) as told, transaction.atomic():
        contract_of(request.provider.pk, on=day_of(at))
        if isinstance(file, UploadedFile):
            draft = _with_answers(request, file.read(CARRIED_MAX + 1), at)
        else:
            draft = str(_begun(request, at).pk)
    if told.refused:
        return overview_page(request, refused=True)
    return redirect("portal:draft-step", provider=provider, draft=draft, step=ENTERPRISE)


def _begun(request: DoorRequest, at: datetime) -> Draft:
    return drafts.start_draft(provider_id=request.provider.pk, actor=request.user, at=at)


def _with_answers(request: DoorRequest, content: bytes, at: datetime) -> str:
    """The draft of these answers; who sends the same page again gets the same one."""
    page = request.POST.get("page", "").encode()

    def begin() -> tuple[int, Any]:
        draft = _begun(request, at)
        _take_along(request, draft, Carried.read(content))
        return 302, str(draft.pk)

    _status, draft = answer_once(
        provider_id=request.provider.pk,
        key=hashlib.sha256(page + content).hexdigest(),
        asked=content,
        at=at,
        answer=begin,
    )
    return str(draft)


def _take_along(request: DoorRequest, draft: Draft, carried: Carried) -> None:
    """Keep in each step what was answered of it, as if it had been typed there."""
    prepared = prepared_now(request, draft)
    for step in STEPS:
        form = prepared.form(step, carried.answers)
        # The pre-check and a draft call the same by the same name.
        fields = {n: v for n, v in carried.answers.lists() if n in form.fields and any(v)}
        if not fields:
            continue
        with override(carried.language):
            form.is_valid()
        drafts.keep_step(
            draft=draft,
            step=step,
            fields=fields,
            language=carried.language,
            seen=0,
            told=form.told(),
            actor=request.user,
            at=timezone.now(),
            carried=True,
        )
