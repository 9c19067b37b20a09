"""What somebody sent and has not done yet, in words: by the name of its address and its fields."""

from collections.abc import Callable, Iterable

from django.urls import Resolver404, resolve
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design import figures
from apps.design.words import PHASES, words_for_package, words_for_phase, words_for_role

DEEDS = {
    "portal:member-invite": _("Invite somebody"),
    "portal:invitation-withdraw": _("Withdraw an invitation"),
    "portal:member-shut-out": _("Take away somebody's access"),
    "portal:member-let-in": _("Let somebody in again"),
    "portal:key-issue": _("Make the key"),
    "portal:key-end": _("End a key"),
    "portal:claims-file": _("Claim what is ticked"),
    "portal:draft-start": _("New dossier"),
    "portal:draft-step": _("Save a step of a draft"),
    "portal:draft-file": _("File the dossier"),
    "portal:draft-discard": _("Delete a draft"),
    "portal:dossier-start": _("Record the start"),
    "portal:dossier-complete": _("Record the completion"),
    "portal:dossier-end-report": _("File the end report"),
    "portal:dossier-withdraw": _("Withdraw the dossier"),
    "portal:message-write": _("Send a message to VLAIO"),
    "portal:messages-read": _("Mark messages as handled"),
    "portal:statement": _("File the statement"),
    "portal:claim-file": _("Claim a tranche"),
    "backoffice:dossier-correct": _("Correct the facts of a dossier"),
    "backoffice:dossier-find": _("Decide a question"),
    "backoffice:dossier-confirm": _("Confirm a finding, or not"),
    "backoffice:dossier-assess": _("Assess again as of today"),
    "backoffice:dossier-approve": _("Approve the dossier"),
    "backoffice:dossier-refuse": _("Refuse the dossier"),
    "backoffice:dossier-stop": _("Stop the dossier"),
    "backoffice:dossier-take": _("Take this dossier"),
    "backoffice:dossier-hand-over": _("Hand over the dossier"),
    "backoffice:dossier-amend": _("Amend the offer"),
    "backoffice:message-write": _("Send a message to the provider"),
    "backoffice:messages-read": _("Mark messages as handled"),
    "backoffice:question-take-back": _("Take back the question"),
    "backoffice:end-report-accept": _("Accept the end report"),
    "backoffice:end-report-send-back": _("Send back the end report"),
    "backoffice:claim-verify": _("Verify the claim"),
    "backoffice:claim-send-back": _("Send back the claim"),
    "backoffice:register-enter": _("Note the entry"),
    "backoffice:contract-amend": _("Amend the budget"),
    "backoffice:contract-award": _("Award a contract"),
    "backoffice:shift-propose": _("Propose the shift"),
    "backoffice:shift-carry-out": _("Carry out the shift"),
    "backoffice:shift-drop": _("Drop the shift"),
    "backoffice:edition-beside": _("Prepare the edition"),
    "backoffice:edition-note": _("Change what stands below each letter of decision"),
    "backoffice:run-draw-up": _("Draw up the run"),
    "backoffice:run-check": _("Check the run"),
    "backoffice:run-approve": _("Approve the run"),
    "backoffice:run-abandon": _("Abandon the run"),
    "backoffice:run-sent": _("The file went to the bank"),
    "backoffice:payment-settle": _("Record what the bank said of a payment"),
    "backoffice:person-invite": _("Invite somebody"),
    "backoffice:invitation-withdraw": _("Withdraw an invitation"),
    "backoffice:person-take": _("Take away a role"),
    "backoffice:access-give": _("Save the exception"),
    "backoffice:access-end": _("End an exception"),
}

# What was typed in fields that are called alike in every form; of others only that they are there.
LABELS = {
    "email": _("E-mail address"),
    "name": _("Name"),
    "role": _("Role"),
    "text": _("Your message"),
    "answer_by": _("Answer by"),
    "on": _("Day"),
    "until": _("Last day"),
    "reason": _("Reason"),
    "reference": _("Reference"),
    "quarter": _("Quarter"),
    "package": _("Package"),
    "price": _("Price excluding VAT"),
    "price_excl_vat": _("Price excluding VAT"),
    "person_days": _("Person-days"),
    "amount": _("Amount including VAT"),
    "budget": _("New budget, including VAT"),
    "feedback": _("What the enterprise says of the trajectory"),
}
# What forms carry along by themselves: which button it was, and what they were opened with.
UNTYPED = frozenset(
    {"csrfmiddlewaretoken", "deed", "seen", "sheet", "page", "tranche", "back", "last", "corrects"}
)
SHOWN: dict[str, Callable[[str], str]] = {
    "quarter": figures.quarter,
    "role": words_for_role,
    "package": words_for_package,
}


def deed_at(path: str) -> str:
    """What is done at an address; empty where nothing is."""
    try:
        return str(DEEDS.get(resolve(path.partition("?")[0]).view_name, ""))
    except Resolver404:
        return ""


def told_of(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was typed, each under the label of its field."""
    labels = LABELS | _of_phases()
    return [
        (str(labels[name]), SHOWN.get(name, str)(value))
        for name, value in fields
        if name in labels and value.strip()
    ]


def others_of(fields: Iterable[tuple[str, str]]) -> list[str]:
    """What was typed in fields whose label is not known."""
    known = LABELS | _of_phases()
    return [
        value
        for name, value in fields
        if name not in known and name not in UNTYPED and value.strip()
    ]


def _of_phases() -> dict[str, str]:
    days = gettext("%(phase)s: person-days")
    amount = gettext("%(phase)s: amount excluding VAT")
    labels = {}
    for phase in PHASES:
        labels[f"{phase}_person_days"] = days % {"phase": words_for_phase(phase)}
        labels[f"{phase}_amount"] = amount % {"phase": words_for_phase(phase)}
    return labels
