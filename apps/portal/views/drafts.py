"""A dossier in preparation: step by step, checked, and filed."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.forms.boundfield import BoundField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.contracts.selectors import contract_of, contracts_with_balances
from apps.design import figures
from apps.design.fields import EuroField, NumberField
from apps.design.words import words_for
from apps.documents.attachments import attachment
from apps.documents.models import DECLARATION, FILED_WITH, OFFER
from apps.documents.services import BYTES_MAX, receive_document
from apps.dossiers import drafts
from apps.dossiers.models import Dossier, Draft
from apps.dossiers.selectors import documents_of, running_for
from apps.enterprises.selectors import registered
from apps.portal.asked import accounts_typed, identity_typed
from apps.portal.draft_forms import (
    DOCUMENTS,
    ENTERPRISE,
    FIGURES,
    STEPS,
    TITLES,
    Prepared,
    Step,
    typed_in_form,
)
from apps.portal.views.frame import show
from apps.portal.views.precheck import sentence_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject.facts import facts_from_json
from cstraject.precheck import rehearse
from cstraject.quarter import day_of
from cstraject.refusal import Refusal
from cstraject.subsidy import Subsidy, granted_for, own_part_of

FACTS_SOURCE = "opgave van de dienstverlener"
CHECK = "check"


@requires("file_dossiers")
@require_POST
def discard(request: DoorRequest, provider: str, draft: UUID) -> HttpResponse:
    with telling(request, gettext("The draft is set aside.")):
        drafts.discard_draft(draft=draft_of(draft), actor=request.user, at=timezone.now())
    return redirect("portal:overview", provider=provider)


@requires("file_dossiers")
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: DoorRequest, provider: str, draft: UUID, step: str) -> HttpResponse:
    """One step of a draft. What is sent is kept first, right or wrong; then it is looked at."""
    if step not in STEPS:
        raise Http404
    one = draft_of(draft)
    elsewhere = _not_in_hand(one, provider)
    if elsewhere is not None and request.method != "POST":
        return elsewhere
    prepared = prepared_now(request, one)
    if request.method != "POST":
        return _step_page(request, prepared, step, _opened(prepared, step))
    if request.POST.get("deed") == "look-up":
        return _look_up(request, prepared, step)
    return _keep(request, prepared, step)


@requires("file_dossiers")
@require_safe
def check(request: DoorRequest, provider: str, draft: UUID) -> HttpResponse:
    """All answers once more, what the rules will say of them, and what it costs whom."""
    one = draft_of(draft)
    if (elsewhere := _not_in_hand(one, provider)) is not None:
        return elsewhere
    return _check_page(request, prepared_now(request, one))


@requires("file_dossiers")
@require_POST
def file(request: DoorRequest, provider: str, draft: UUID) -> HttpResponse:
    """File it. A second press finds the dossier that the first one made."""
    one = draft_of(draft)
    if one.dossier_id is None:
        prepared = prepared_now(request, one)
        if prepared.waits:
            return _check_page(request, prepared, status=409)
        if prepared.to_complete():
            return _check_page(request, prepared, status=422)
        offer = prepared.offer()
        with telling(request) as told:
            one.dossier = drafts.file_draft(
                draft=one,
                facts=prepared.facts(),
                facts_source=FACTS_SOURCE,
                package=offer.package,
                with_extension=offer.with_extension,
                price_excl_vat=offer.price_excl_vat,
                person_days=offer.person_days,
                actor=request.user,
                at=timezone.now(),
            )
        if told.refused or one.dossier is None:
            return _check_page(request, prepared, status=409)
        messages.success(request, _receipt(one.dossier))
    return redirect("portal:dossier", provider=provider, dossier=one.dossier_id)


def _receipt(dossier: Dossier) -> str:
    """What was filed, when, and what follows, in sentences that can be copied."""
    return gettext(
        "Dossier %(reference)s is filed on %(when)s, with %(documents)s. VLAIO decides; work may"
        " only start after that."
    ) % {
        "reference": dossier.reference,
        "when": figures.moment(dossier.submitted_at),
        "documents": ", ".join(one.name for one in documents_of(dossier)),
    }


@requires("file_dossiers")
@require_safe
def document(request: DoorRequest, provider: str, draft: UUID, kind: str) -> HttpResponse:
    """A document that came with a draft, to be looked at once more."""
    one = draft_of(draft)
    return attachment({OFFER: one.offer, DECLARATION: one.declaration}.get(kind))


def draft_of(pk: UUID) -> Draft:
    """A draft in scope; another provider's is not there."""
    return get_object_or_404(Draft.objects.select_related("dossier", "offer", "declaration"), pk=pk)


def _not_in_hand(draft: Draft, provider: str) -> HttpResponse | None:
    """Where somebody goes who comes back to a draft that was filed or set aside."""
    if draft.dossier_id is not None:
        return redirect("portal:dossier", provider=provider, dossier=draft.dossier_id)
    if draft.discarded_on is not None:
        return redirect("portal:overview", provider=provider)
    return None


def prepared_now(request: DoorRequest, draft: Draft) -> Prepared:
    """A draft under the contract of today. Once that has ended the last one still reads it: what
    is typed is kept, and nothing is filed."""
    on = day_of(timezone.now())
    try:
        return Prepared(draft, contract=contract_of(request.provider.pk, on=on), on=on)
    except Refusal as refusal:
        last = contracts_with_balances().latest("valid_from")
        return Prepared(draft, contract=last, on=on, waits=refusal)


def _title(draft: Draft) -> str:
    return draft.enterprise_name or gettext("New dossier")


# ---- A step --------------------------------------------------------------------------------------


def _opened(prepared: Prepared, step: str) -> Step:
    """A step as it stands; one that was never saved begins with what the register tells."""
    if prepared.typed[step].version == 0 and step == FIGURES and prepared.draft.enterprise_number:
        found = registered(prepared.draft.enterprise_number)
        if found is not None:
            return prepared.form(step, initial=accounts_typed(found, on=prepared.on))
    return prepared.opened(step)


def _look_up(request: DoorRequest, prepared: Prepared, step: str) -> HttpResponse:
    """The step with what the register tells, over what was typed there. Nothing is kept yet."""
    form = prepared.form(step, request.POST)
    form.is_valid()
    number = form.own_number()
    for name in [name for name in form.errors if name != "number"]:
        del form.errors[name]
    if not number:
        return _step_page(request, prepared, step, form, status=422)
    found = registered(number)
    typed: dict[str, Any] = {name: request.POST.get(name, "") for name in form.fields}
    if found and step == ENTERPRISE:
        typed |= identity_typed(found, terms=prepared.terms, on=prepared.on)
    elif found:
        typed |= accounts_typed(found, on=prepared.on)
    filled = prepared.form(step, initial=typed)
    return _step_page(request, prepared, step, filled, looked_up=True, found=found)


def _keep(request: DoorRequest, prepared: Prepared, step: str) -> HttpResponse:
    draft, at = prepared.draft, timezone.now()
    form = prepared.form(step, request.POST, request.FILES)
    form.is_valid()
    seen = request.POST.get("seen", "")
    try:
        draft = drafts.keep_step(
            draft=draft,
            step=step,
            fields={n: request.POST.getlist(n) for n in form.fields if n in request.POST},
            language=get_language() or "",
            seen=int(seen) if seen.isdecimal() and len(seen) < 9 else 0,
            told=form.told(),
            actor=request.user,
            at=at,
        )
    except Refusal as refusal:
        form.add_error(None, words_for(refusal))
        for kind in request.FILES.keys() & form.fields.keys():
            # A browser does not send them a second time by itself.
            form.add_error(kind, gettext("Choose this file again: it is not kept."))
        # Read anew: somebody saved it meanwhile.
        now = prepared.again(draft_of(draft.pk))
        beside = refusal.code == "draft-changed"
        theirs = {"theirs": _differences(form, now, step)} if beside else {}
        return _step_page(request, now, step, form, status=409 if beside else 422, **theirs)
    if step == DOCUMENTS:
        draft = _attached(request, draft, form)
    prepared = prepared.again(draft_of(draft.pk))
    if form.errors or prepared.waits:
        status = 409 if prepared.waits else 422
        return _step_page(request, prepared, step, form, status=status, kept_wrong=True)
    after = [*STEPS, CHECK][STEPS.index(step) + 1] if request.POST.get("deed") == "next" else step
    if after != step:
        messages.success(request, gettext("%(step)s: saved.") % {"step": TITLES[step]})
    if after == CHECK:
        return redirect("portal:draft-check", provider=request.provider.slug, draft=draft.pk)
    return redirect("portal:draft-step", provider=request.provider.slug, draft=draft.pk, step=after)


def _attached(request: DoorRequest, draft: Draft, form: Step) -> Draft:
    """The documents that came with a step: each is kept by itself, or told why it is not."""
    for kind in FILED_WITH:
        upload = request.FILES.get(kind)
        if not isinstance(upload, UploadedFile) or not upload.size:
            continue  # Of an empty one its field says so.
        try:
            with transaction.atomic():
                if (upload.size or 0) > BYTES_MAX:
                    raise Refusal("upload-too-large", max_mb=BYTES_MAX // 1024 // 1024)
                document = receive_document(
                    provider_id=draft.provider_id,
                    kind=kind,
                    name=upload.name or "",
                    content=upload.read(),
                    actor=request.user,
                    at=timezone.now(),
                )
                draft = drafts.attach(
                    draft=draft, document=document, actor=request.user, at=timezone.now()
                )
        except Refusal as refusal:
            form.errors.pop(kind, None)
            form.add_error(kind, words_for(refusal))
    return draft


def _differences(mine: Step, now: Prepared, step: str) -> list[dict[str, str]]:
    """What was saved meanwhile where this one typed something else, in words."""
    saved = now.form(step)
    if not saved.is_valid() and not saved.is_bound:
        return []
    both = [(field, _said(saved, field), _said(mine, mine[field.html_name])) for field in saved]
    return [
        {"label": str(field.label), "theirs": theirs}
        for field, theirs, typed in both
        if theirs != typed
    ]


def _step_page(
    request: DoorRequest,
    prepared: Prepared,
    step: str,
    form: Step,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    draft, typed = prepared.draft, prepared.typed[step]
    subsidy = _subsidy(form)
    context = {
        "draft": draft,
        "form": form,
        "step": step,
        "step_title": TITLES[step],
        "nth": STEPS.index(step) + 1,
        "steps": _steps(request, prepared, step),
        "seen": typed.version,
        "saved": typed,
        "saved_by_me": typed.by_key == str(request.user.pk),
        "waits": words_for(prepared.waits) if prepared.waits else "",
        "beside": _beside(draft) if step == ENTERPRISE else [],
        "subsidy": subsidy,
        **_budget(prepared, subsidy["granted"] if subsidy else None),
        **more,
    }
    return show(
        request,
        f"portal/draft_{step}.html",
        context,
        below=_title(draft),
        address=_address(request, draft, step),
        status=status,
    )


def _beside(draft: Draft) -> list[str]:
    """The provider's own dossiers of the same enterprise; those of others are told to nobody."""
    already = gettext("For %(number)s you have dossier %(reference)s already (filed on %(day)s).")
    return [
        already
        % {
            "number": figures.enterprise_number(one.enterprise_number),
            "reference": one.reference,
            "day": figures.day(one.submitted_on),
        }
        for one in running_for(draft.enterprise_number)
    ]


def _alike(draft: Draft) -> list[str]:
    offer, declaration = draft.offer, draft.declaration
    if offer is None or declaration is None or offer.sha256 != declaration.sha256:
        return []
    return [gettext("The offer and the declarations are the same file. Check that both are right.")]


def _budget(prepared: Prepared, granted: Subsidy | None) -> dict[str, Any]:
    """What is left of the budget of the contract, and what an offer leaves of it once approved."""
    left = prepared.contract.left
    return {"left": left, "left_after": left - granted.granted if granted else None}


def _subsidy(form: Step) -> dict[str, Any] | None:
    """What an offer costs whom, once there is a price that can be read."""
    price = form.cleaned_data.get("price") if form.is_bound and form.is_valid() else None
    if price is None:
        return None
    return {
        "price": price,
        "granted": granted_for(price, terms=form.terms),
        "own": own_part_of(price, terms=form.terms),
    }


def _address(request: DoorRequest, draft: Draft, step: str) -> str:
    here = {"provider": request.provider.slug, "draft": draft.pk}
    if step == CHECK:
        return reverse("portal:draft-check", kwargs=here)
    return reverse("portal:draft-step", kwargs={**here, "step": step})


def _steps(request: DoorRequest, prepared: Prepared, current: str) -> list[dict[str, Any]]:
    told = [
        {
            "title": TITLES[step],
            "url": _address(request, prepared.draft, step),
            "current": step == current,
            "complete": prepared.is_complete(step),
            "begun": step in prepared.forms,
        }
        for step in STEPS
    ]
    last = {
        "title": gettext("Check and file"),
        "url": _address(request, prepared.draft, CHECK),
        "current": current == CHECK,
    }
    return [*told, last]


# ---- The check -----------------------------------------------------------------------------------


def _check_page(request: DoorRequest, prepared: Prepared, *, status: int = 200) -> HttpResponse:
    draft = prepared.draft
    context: dict[str, Any] = {
        "draft": draft,
        "waits": words_for(prepared.waits) if prepared.waits else "",
        "beside": [*_beside(draft), *_alike(draft)],
        "steps": _steps(request, prepared, CHECK),
        "missing": [
            {"title": TITLES[step], "url": _address(request, draft, step)}
            for step in prepared.to_complete()
        ],
        "answers": [
            {
                "title": TITLES[step],
                "url": _address(request, draft, step),
                "lines": _lines(form),
            }
            for step, form in prepared.forms.items()
        ],
    }
    if not context["missing"]:
        context |= _outlook(request, prepared)
    return show(
        request,
        "portal/draft_check.html",
        context,
        below=_title(draft),
        address=_address(request, draft, CHECK),
        status=status,
    )


def _outlook(request: DoorRequest, prepared: Prepared) -> dict[str, Any]:
    offer, terms = prepared.offer(), prepared.terms
    try:
        facts = facts_from_json(prepared.facts(), source=FACTS_SOURCE, stated_on=prepared.on)
    except Refusal as refusal:
        return {"unreadable": words_for(refusal)}
    number = request.provider.enterprise_number
    lines = rehearse(facts, offer=offer, terms=terms, on=prepared.on, provider=number)
    granted = granted_for(offer.price_excl_vat, terms=terms)
    return {
        "ready": True,
        "lines": [(line, sentence_of(line)) for line in lines],
        "against": [line.question for line in lines if line.outcome == "not_met"],
        "price": offer.price_excl_vat,
        "granted": granted,
        "own": own_part_of(offer.price_excl_vat, terms=terms),
        **_budget(prepared, granted),
    }


def _lines(form: Step) -> list[tuple[str, str]]:
    """What was typed in a step, in words; what was left empty is left out."""
    form.is_valid()
    unsaid = form.unsaid()
    told = [(str(f.label), _said(form, f)) for f in form if f.html_name not in unsaid]
    return [(label, said) for label, said in told if said]


def _said(form: Step, field: BoundField) -> str:
    """What was typed in a field, in words and as amounts are written here; as it is where it could
    not be read."""
    name = field.html_name
    values = typed_in_form(form).getlist(name)
    choices = dict(getattr(field.field, "choices", ()))
    said = ", ".join(str(choices.get(value, value)) for value in values if value)
    read = form.cleaned_data.get(name)
    if name == "number" or name.endswith("_number"):
        return figures.enterprise_number(read or said)
    if said and isinstance(read, Decimal):
        if isinstance(field.field, EuroField):
            return figures.whole_euro(read)
        if isinstance(field.field, NumberField) and field.field.in_percent:
            return figures.percentage(read)
        return figures.number(read)
    if isinstance(read, date):
        return figures.day(read)
    return gettext("Yes") if said == "on" else said


def waiting(request: DoorRequest, found: list[Draft]) -> list[dict[str, Any]]:
    """The drafts in hand as the overview lists them."""
    return [
        {
            "draft": draft,
            "url": _address(request, draft, ENTERPRISE),
            "number": figures.enterprise_number(draft.enterprise_number),
            "changed": figures.moment(draft.changed_at),
            "by": max((s["at"], s["by"]) for s in draft.steps.values())[1] if draft.steps else "",
            "kept": len(draft.steps),
            # The last one is to check and file.
            "of": len(STEPS) + 1,
        }
        for draft in found
    ]
