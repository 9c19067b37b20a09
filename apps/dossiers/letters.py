"""The letter that tells a decision: a tagged PDF in Dutch, made once, kept with its digest."""

import json
from datetime import datetime
from pathlib import Path

import typst
from django.db import transaction
from django.utils.translation import gettext, override

from apps.accounts.models import User
from apps.audit.services import record
from apps.design import figures
from apps.design.words import (
    words_for_letter,
    words_for_package,
    words_for_question,
)
from apps.documents.models import LETTER
from apps.documents.services import receive_document
from apps.dossiers.models import Dossier
from apps.dossiers.services import lock_dossier
from apps.eligibility.selectors import standings_of
from apps.programme.selectors import terms_of
from cstraject.deminimis import regulation_for
from cstraject.eligibility import NOT_MET
from cstraject.quarter import years_later
from cstraject.subsidy import own_part_of, tranches_of

PAPER = Path(__file__).parent / "letter.typ"


@transaction.atomic
def write_letter(*, dossier: Dossier, actor: User, at: datetime) -> Dossier:
    """Write the letter of a decided dossier, as it was decided; a second time changes nothing."""
    dossier = lock_dossier(dossier)
    if dossier.letter_id is not None or dossier.decided_on is None:
        return dossier
    with override("nl"):
        content = letter_of(dossier)
    dossier.letter = receive_document(
        provider_id=dossier.provider_id,
        kind=LETTER,
        name=f"{dossier.reference}-beslissing.pdf",
        content=content,
        actor=actor,
        at=at,
    )
    dossier.save(update_fields=["letter"])
    record(
        actor=actor,
        action="dossier.write_letter",
        subject_id=dossier.pk,
        at=at,
        provider_id=dossier.provider_id,
        case_id=dossier.pk,
        facts={"sha256": dossier.letter.sha256},
    )
    return dossier


def letter_of(dossier: Dossier) -> bytes:
    """A PDF with tags and language for who reads it by ear (PDF/UA-1). What is told is data."""
    told = json.dumps(_told(dossier))
    return bytes(
        typst.compile(
            str(PAPER),
            sys_inputs={"letter": told},
            pdf_standards=["ua-1"],
            ignore_system_fonts=True,
        )
    )


def _told(dossier: Dossier) -> dict[str, object]:
    approved = dossier.state != "refused"
    title = gettext("Decision: approved") if approved else gettext("Decision: refused")
    return {
        "title": title,
        "agency": "VLAIO",
        "programme": gettext("Cybersecurity improvement trajectories"),
        "addressee": [
            dossier.enterprise_name,
            figures.enterprise_number(dossier.enterprise_number),
        ],
        "about": [
            [gettext("Our reference"), dossier.reference],
            [gettext("Provider"), dossier.provider.name],
            [gettext("Filed on"), figures.day(dossier.submitted_on)],
            [gettext("Decided on"), figures.day(dossier.decided_on)],
        ],
        "sections": _approval(dossier) if approved else _refusal(dossier),
        "note": dossier.contract.edition.letter_note,
    }


def _approval(dossier: Dossier) -> list[dict[str, object]]:
    terms = terms_of(dossier.contract.edition)
    granted = dossier.granted_incl_vat
    assert granted is not None
    assert dossier.decided_on is not None
    first, second = tranches_of(granted, terms=terms)
    own = own_part_of(dossier.price_excl_vat, terms=terms)
    again = years_later(dossier.decided_on, terms.once_only_years)
    regulation, _ = regulation_for(dossier.decided_on, reading=terms.reading)
    return [
        {
            "heading": gettext("What is granted"),
            "text": gettext(
                "VLAIO approves the trajectory and pays its part straight to the provider. Work may"
                " start from the day of this decision."
            ),
            "rows": [
                [
                    gettext("Package"),
                    words_for_package(dossier.package, with_extension=dossier.with_extension),
                ],
            ],
            "amounts": [
                [gettext("Price excluding VAT"), figures.euro(dossier.price_excl_vat)],
                [
                    gettext("Share of VLAIO (%(rate)s)") % {"rate": figures.percent(terms.rate)},
                    figures.euro(dossier.share),
                ],
                [
                    gettext("VAT on that share (%(rate)s)")
                    % {"rate": figures.percent(terms.vat_rate)},
                    figures.euro(dossier.vat),
                ],
                [gettext("Granted including VAT"), figures.euro(granted)],
                [gettext("What the enterprise pays, including VAT"), figures.euro(own.total)],
            ],
        },
        {
            "heading": gettext("How it is paid"),
            "text": gettext(
                "In two tranches, to the provider: %(first)s once %(threshold)s of the work is"
                " shown to be delivered, and %(second)s once it is completed. Less is paid where"
                " less is delivered."
            )
            % {
                "first": figures.euro(first),
                "second": figures.euro(second),
                "threshold": figures.percent(terms.first_tranche_threshold),
            },
            "rows": [],
        },
        {
            "heading": gettext("De minimis aid"),
            "text": gettext(
                "This subsidy is de minimis aid under Regulation (EU) %(regulation)s. It counts"
                " for the enterprise with the enterprises linked to it, from the day of this"
                " decision. The enterprise can apply for aid again from %(day)s."
            )
            % {"regulation": regulation, "day": figures.day(again)},
            "rows": [],
        },
    ]


def _refusal(dossier: Dossier) -> list[dict[str, object]]:
    assert dossier.assessment is not None
    failed = [
        [
            words_for_question(standing.answer.question),
            standing.finding.reason
            if standing.finding
            else words_for_letter(standing.answer.finding, standing.answer.figures or {}),
        ]
        for standing in standings_of(dossier.assessment, told=True)
        if standing.outcome == NOT_MET
    ]
    sections: list[dict[str, object]] = [
        {
            "heading": gettext("Why it is refused"),
            "text": dossier.decision_reason,
            "rows": [],
        }
    ]
    if failed:
        told = gettext("These conditions are not met:")
        sections.append({"heading": gettext("Conditions"), "text": told, "rows": failed})
    return sections
