"""What the programme answers, told to a person in Dutch or English.

The rules answer in codes and facts; here each code has its sentence. The English ones stand in
this file, the Dutch ones in `locale/nl`. A sentence says what is wrong and what to do. Where a
fact may be absent a code has more than one sentence, the fullest first.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from apps.design import figures
from cstraject.refusal import Refusal

# ---- Refusals ------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[str, ...]] = {
    # What was typed or sent.
    "wrong-enterprise-number": (
        _(
            "“%(given)s” is not a valid enterprise number. Give the ten digits from the"
            " Crossroads Bank for Enterprises, for example 0428.315.871."
        ),
    ),
    "wrong-iban": (
        _("“%(given)s” is not a valid IBAN. Check the account number and give it in full."),
    ),
    "wrong-nace": (
        _(
            "“%(given)s” is not a NACE-BEL code. Give the five digits of the sub-class,"
            " for example 62010."
        ),
    ),
    "unreadable-amount": (
        _(
            "“%(given)s” cannot be read as an amount. Give euros with at most two decimals,"
            " not below zero."
        ),
    ),
    "unreadable-facts": (
        _(
            "The facts about the enterprise cannot be read at “%(field)s”."
            " Correct that field and send them again."
        ),
    ),
    "unreadable-person-days": (
        _("“%(given)s” is not a number of person-days. Give at most one decimal, above zero."),
    ),
    "unknown-quarter": (
        _("“%(given)s” is not a quarter. Write the year and the quarter, for example 2022-Q1."),
    ),
    "unknown-tranche": (
        _("There is no tranche %(given)s. Choose tranche 1 or 2."),
        _("This tranche does not exist. Choose tranche 1 or 2."),
    ),
    "unknown-reason": (
        _("“%(given)s” is not a known reason. Choose a reason from the list."),
        _("This reason is not known. Choose a reason from the list."),
    ),
    "reason-missing": (_("A reason is missing. Say briefly why; the reason is kept on record."),),
    "date-order": (
        _("%(later)s lies before %(earlier)s. Check the order of the two dates."),
        _("The dates do not follow each other. Check their order."),
    ),
    "future-date": (
        _("%(given)s lies in the future. Give today or an earlier day."),
        _("This day lies in the future. Give today or an earlier day."),
    ),
    # People, roles and keys.
    "account-shut": (
        _("This account is shut. Ask whoever manages the users of your organisation."),
    ),
    "acmidm-failed": (
        _(
            "Begin again on the page where you sign in. If it goes wrong once more, ask whoever"
            " manages the users of your organisation."
        ),
    ),
    "at-office-alone": (
        _(
            "You work for the agency: change your password and second factor, and use recovery"
            " codes, at the address of the agency and not here."
        ),
    ),
    "acmidm-down": (_("ACM/IDM does not answer. Try again in a few minutes."),),
    "acmidm-stopped": (_("You stopped signing in at ACM/IDM. Begin again when you wish."),),
    "acmidm-no-role": (
        _(
            "ACM/IDM told us no role of yours here for this organisation. Ask whoever manages the"
            " users of your organisation, or choose another organisation when you sign in."
        ),
    ),
    "acmidm-means": (
        _(
            "Sign in again and choose another means at ACM/IDM, such as your eID: the one you used"
            " is not enough here."
        ),
    ),
    "acmidm-someone-else": (
        _(
            "It was not the person who works here that signed in at ACM/IDM. Show again that it is"
            " you, or sign out first."
        ),
    ),
    "own-rights": (_("Nobody changes their own rights. Ask a colleague who may."),),
    "unknown-role": (_("There is no role “%(given)s” here. Choose one from the list."),),
    "role-missing": (_("This person does not have that role. Reload the page."),),
    "last-administrator": (
        _("This is the last administrator. First give the role to somebody else."),
    ),
    "not-a-member": (_("This person has no role here any more. Reload the page."),),
    "invitation-gone": (
        _("This invitation is not good any more: it was accepted, taken back or is too old."),
    ),
    "invited-by-acmidm": (
        _(
            "Whoever signs in by ACM/IDM invites to roles that read alone. The others are given in"
            " ACM/IDM, or by an administrator with an account of this application."
        ),
    ),
    "not-agency-address": (
        _("At the agency only addresses of %(domains)s are invited."),
        _("At the agency only addresses of its own are invited."),
    ),
    "too-many-invitations": (_("%(max)s invitations were sent since yesterday. Go on tomorrow."),),
    "key-name-taken": (
        _("There is a key called “%(name)s” already. End that one first, or choose another name."),
    ),
    "token-gone": (_("This key ended already. Reload the page."),),
    "unknown-act": (_("A key cannot be given “%(given)s”. Choose from the list."),),
    "token-days": (_("A key lasts from 1 to %(max)s days. Choose a number of days."),),
    "closed-to-you": (_("This dossier is closed to you. A colleague goes on with it."),),
    "access-kind": (_("Choose whether the dossier is opened or closed to this person."),),
    "access-until": (_("Choose a last day from today on, at most a year from now."),),
    "access-gone": (_("This exception ended already. Reload the page."),),
    "unknown-dossier": (_("There is no dossier with the reference “%(given)s”."),),
    "own-provider": (
        _("You work for the provider that this is about. A colleague decides about it."),
    ),
    "idempotency-missing": (
        _(
            "The Idempotency-Key header is missing. Send a key of your own with each request"
            " that stores something."
        ),
    ),
    "idempotency-mismatch": (
        _(
            "This Idempotency-Key was used before for another request."
            " Send a new key with a new request."
        ),
    ),
    # Documents.
    # End reports.
    "unknown-measure": (_("“%(given)s” is no measure of the list, or stands there twice."),),
    "measure-priority": (
        _("Give a priority to what remains in the action plan, and to nothing else."),
    ),
    "nothing-realised": (
        _("Say what was realised: choose at least one measure that is in place now."),
    ),
    "end-report-stands": (
        _("There is an end report already. It can be corrected once VLAIO sends it back."),
    ),
    "end-report-judged": (_("This end report was judged meanwhile. Reload the page."),),
    # Amendments, shifts and editions.
    "amend-raises": (
        _(
            "After approval an offer can only go down; it is %(price)s now. More work for more"
            " money is between the provider and the enterprise."
        ),
    ),
    "amend-below-delivered": (
        _("More than that was stated for %(quarter)s already. Amend to at least what was stated."),
    ),
    "amend-below-claimed": (
        _("%(amount)s was claimed already, more than the grant would be. Amend to less far."),
    ),
    "budget-changed": (
        _(
            "The budget was amended meanwhile and is %(amount)s now. Look again before you amend"
            " it."
        ),
    ),
    "contract-there": (
        _("This provider has a contract under this edition already. Amend its budget instead."),
    ),
    "shift-nowhere": (
        _("A shift goes from one contract to another, and is more than nought. Choose again."),
    ),
    "shift-decided": (_("This shift was decided meanwhile. Reload the page."),),
    "edition-stands": (
        _(
            "A dossier was decided under this edition, so its terms stand. Prepare a new edition"
            " beside it instead."
        ),
    ),
    "edition-name-taken": (_("There is an edition “%(given)s” already. Choose another name."),),
    "edition-without-package": (_("An edition needs at least one package. Fill in one row."),),
    "package-twice": (_("The same package stands there twice. Give each its own code."),),
    "carried-unreadable": (
        _(
            "This is not a file of the pre-check. Choose the file that “Download the answers for a"
            " dossier” gave, or begin with an empty form."
        ),
    ),
    "message-empty": (_("The message is empty. Write what you want to say."),),
    "message-too-long": (_("The message is longer than %(max)s characters. Shorten it."),),
    "answer-by": (_("Choose a last day after today, at most %(max)s days from now."),),
    "already-asked": (
        _("Information was asked already and is not answered yet. Take that question back first."),
    ),
    "nothing-asked": (_("Nothing is asked of the provider now. Reload the page."),),
    "cannot-handle": (
        _(
            "This person cannot handle the dossier. Choose a colleague who may, and to whom it is"
            " not closed."
        ),
    ),
    "taken-meanwhile": (
        _(
            "%(name)s took this dossier meanwhile, so it stays with them. Take it over after all?"
            " Then press again."
        ),
    ),
    "documents-missing": (
        _("Still missing: %(missing)s. Add each document as a PDF and file again."),
    ),
    "unknown-document": (
        _("This document is not known here. Upload it again and use the new one."),
    ),
    "draft-changed": (
        _(
            "This step was saved meanwhile, by somebody else or by you in another window. Nothing"
            " of what you typed here was saved yet: look below."
        ),
    ),
    "draft-gone": (_("This draft was filed or set aside meanwhile."),),
    "draft-too-long": (_("This is too long to keep. Shorten the longest texts."),),
    "nothing-chosen": (_("Nothing was chosen. Tick what you want to claim."),),
    "upload-too-large": (
        _("This file is too large. Upload a file of at most %(max_mb)s MB."),
        _("This file is too large. Upload a smaller one."),
    ),
    "upload-unreadable": (
        _("This file cannot be opened. Check that it is complete and has no password."),
    ),
    "upload-empty": (_("This PDF has no page. Choose the right file."),),
    "upload-type": (
        _("This is %(found)s, no PDF or picture. Upload a PDF, a PNG or a JPEG."),
        _("This is no PDF or picture that can be read. Upload a PDF, a PNG or a JPEG."),
    ),
    # How much is taken in a day or told in a week.
    "too-many-filed": (
        _(
            "You filed %(max)s dossiers today, and no more are taken in a day."
            " Try again tomorrow, or call the agency."
        ),
        _("No more dossiers are taken today. Try again tomorrow, or call the agency."),
    ),
    "too-many-helped-before": (
        _(
            "In the past week %(max)s of your dossiers turned out to be of enterprises that were"
            " helped before. Ask the agency before you file another."
        ),
        _(
            "Too many of your dossiers turned out to be of enterprises that were helped before."
            " Ask the agency before you file another."
        ),
    ),
    # Offer and package.
    "unknown-package": (_("There is no package “%(given)s”. Choose a package from the list."),),
    "package-not-offered": (
        _(
            "The %(package)s is offered from %(valid_from)s to %(valid_until)s."
            " Choose a package that is offered on the day of filing."
        ),
    ),
    "price-outside-band": (
        _(
            "%(price)s lies outside the limits of this package: from %(price_min)s to"
            " %(price_max)s excluding VAT. Change the offer or choose another package."
        ),
    ),
    # The framework contract.
    "no-contract": (
        _("There is no framework contract for this provider. Ask the agency about it."),
    ),
    "contract-not-valid": (
        _(
            "The framework contract is valid from %(valid_from)s to %(valid_until)s."
            " Choose a day within it, or ask the agency about a new contract."
        ),
    ),
    "budget-exhausted": (
        _(
            "The framework contract has %(left)s left; this asks %(asked)s."
            " Raise its budget first, or ask for less."
        ),
        _("The budget of the framework contract is used up. Raise it first, or ask for less."),
    ),
    "budget-below-committed": (
        _(
            "A budget of %(asked)s is less than the %(committed)s that is committed to dossiers."
            " Choose at least what is committed."
        ),
    ),
    "no-edition": (
        _("No terms of the programme hold on %(on)s. Choose a day on which they do."),
        _("No terms of the programme hold on this day. Choose a day on which they do."),
    ),
    # Assessment and decision.
    "unknown-question": (
        _(
            "“%(given)s” was not asked of this dossier."
            " Choose a question and decide met or not met."
        ),
    ),
    "question-answered": (
        _("The rules have answered “%(question)s” already. Decide the open questions only."),
        _("The rules have answered this question already. Decide the open questions only."),
    ),
    "not-eligible": (
        _(
            "This dossier does not meet the conditions: %(questions)s."
            " Refuse it, with the reason that the provider will read."
        ),
    ),
    "questions-open": (
        _("Questions are still open: %(questions)s. Decide each of them first, with a reason."),
    ),
    "assessment-missing": (
        _("This dossier has not been assessed yet. Wait until it has, then try again."),
    ),
    # Files.
    "file-missing": (_("The file %(file)s is not there or cannot be opened."),),
    "file-not-text": (_("The file %(file)s is not text in UTF-8. Save it again as CSV in UTF-8."),),
    "file-cut-off": (
        _("The file %(file)s is cut off: its last line does not end. Fetch it again, whole."),
    ),
    "file-columns": (_("The columns must be, in this order: %(columns)s."),),
    "file-not-csv": (_("From line %(line)s on this is not CSV. Check the quotation marks."),),
    "row-length": (_("This row has %(found)s cells; it needs %(needed)s."),),
    "imported-otherwise": (
        _("%(reference)s was imported before with other content. What stands is not changed."),
    ),
    "document-used": (
        _("This document was filed with another dossier. File the one signed for this dossier."),
    ),
    "claim-waits": (_("A claim of this dossier still waits. Verify it or send it back first."),),
    "self-decided": (_("You filed this yourself. Ask a colleague to decide about it."),),
    "helped-meanwhile": (
        _("This enterprise was helped before. A new dossier is possible from %(not_before)s."),
        _("This enterprise was helped before and cannot be helped again yet."),
    ),
    # Delivery and statements.
    "start-before-approval": (
        _(
            "The work may start from the approval on %(approved_on)s;"
            " %(start)s is earlier. Give a later start date."
        ),
        _("The work may only start once the dossier is approved. Wait for the decision."),
    ),
    "end-report-early": (
        _("The end report comes after completion. Record first on which day the work was done."),
    ),
    "phases-do-not-add-up": (
        _(
            "The phases do not add up to the whole: analysis, plan and guidance together must give"
            " the person-days and the amount of the statement."
        ),
    ),
    "statement-shrinks": (
        _(
            "A statement counts from the start, so it cannot go down: for %(phase)s, %(stated)s is"
            " less than %(earlier)s of an earlier quarter. Give the total since the start."
        ),
        _(
            "A statement counts from the start, so it cannot go down: %(stated)s is less than"
            " %(earlier)s of an earlier quarter. Give the total since the start."
        ),
    ),
    "statement-over-offer": (
        _(
            "%(stated)s is more than the %(offer)s of the offer."
            " Give at most what was offered; more is between you and the SME."
        ),
    ),
    "statement-over-later": (
        _(
            "For %(phase)s, %(stated)s is more than the %(later)s that was filed for a later"
            " quarter. Check both statements and correct the wrong one."
        ),
        _(
            "%(stated)s is more than the %(later)s that was filed for a later quarter."
            " Check both statements and correct the wrong one."
        ),
    ),
    "work-completed": (
        _(
            "The work was completed on %(completed_on)s, before this quarter began."
            " Give the statement for an earlier quarter."
        ),
        _("The work was completed before this quarter. Give the statement for an earlier one."),
    ),
    "stated-later": (
        _(
            "For %(quarter)s you stated more delivered work. Give a day in that quarter or later,"
            " or correct that statement first."
        ),
    ),
    "statement-beside": (
        _(
            "A statement was filed meanwhile, by a colleague or by you in another window. Look at"
            " it below under “What was stated”; what you typed still stands here. File"
            " again to put it in its place."
        ),
    ),
    "no-statement": (
        _("There is no statement for %(quarter)s yet. File the statement first, then the claim."),
    ),
    "statement-claimed": (
        _(
            "The statement for %(quarter)s carries a claim and can no longer be changed."
            " Ask the agency to send the claim back first."
        ),
    ),
    # Claims.
    "quarter-not-over": (_("%(quarter)s is not over yet. You can claim it from %(opens_on)s."),),
    "window-closed": (
        _(
            "%(quarter)s could be claimed from %(opens_on)s to %(last_day)s."
            " Claim with the next quarter."
        ),
    ),
    "not-delivered": (
        _(
            "%(delivered)s has been delivered; tranche 1 asks for at least %(threshold)s."
            " Claim it once a statement shows that."
        ),
        _("Less has been delivered than the first tranche asks for."),
    ),
    "not-completed": (
        _("The work is not completed yet. Record the completion first, then claim tranche 2."),
    ),
    "nothing-left": (
        _(
            "After tranche 1 of %(first)s nothing is left to pay for what was delivered."
            " Tranche 2 need not be claimed."
        ),
    ),
    "first-tranche-first": (
        _("Tranche 1 has not been claimed yet. Claim tranche 1 before tranche 2."),
    ),
    "already-claimed": (
        _(
            "Tranche %(tranche)s was already claimed for %(quarter)s. A tranche is claimed once;"
            " look at that claim in the dossier."
        ),
        _("This tranche was already claimed. Look at that claim in the dossier."),
    ),
    "amount-differs": (
        _(
            "The claim asks %(asked)s; by the statement it is %(entitled)s."
            " Claim %(entitled)s or correct the statement."
        ),
    ),
    "over-grant": (
        _(
            "The claim asks %(asked)s, but %(left)s of the grant is left."
            " Claim at most what is left."
        ),
    ),
    # The quarterly run and what it pays.
    "window-open": (
        _(
            "%(quarter)s can still be claimed until %(last_day)s."
            " Draw the run up from the day after."
        ),
    ),
    "nothing-to-pay": (_("Nothing is verified to be paid for %(quarter)s. Verify claims first."),),
    "run-exists": (
        _("There already is a run of %(quarter)s (%(state)s). Go on with that run."),
        _("There already is a run of %(quarter)s. Go on with that run."),
    ),
    "quarter-unsettled": (
        _("The run of %(quarter)s is not settled yet. Settle or abandon that run first."),
        _("An earlier run is not settled yet. Settle or abandon that run first."),
    ),
    "four-eyes": (_("Who checked may not approve as well. Ask a colleague for the other step."),),
    "checker-approves": (
        _("You checked this run, so you cannot approve it. Ask a colleague to approve it."),
    ),
    "in-a-run": (
        _("A claim of this dossier is being paid in a run. Try again when the run is settled."),
    ),
    "payer-unknown": (
        _("The account that pays is not set. Ask who runs this system to set PAYER_IBAN."),
    ),
    "wrong-settlement": (
        _("What was paid and refused does not match the run. Check the bank's answer per payment."),
    ),
    # The law as code.
    "no-regulation": (
        _(
            "No de minimis Regulation is known for %(on)s. Check the day; the law of that time"
            " must be added first."
        ),
    ),
    "other-enterprise": (
        _(
            "These facts are about another enterprise (%(given)s). Correct the number or choose"
            " another dossier."
        ),
    ),
    "not-to-be-waived": (
        _(
            "An officer cannot decide that “%(question)s” is met after all. Correct the facts or"
            " the offer instead."
        ),
    ),
    "nothing-to-confirm": (
        _(
            "Nothing on “%(question)s” waits for confirmation. Reload the page to see how it"
            " stands."
        ),
    ),
    "self-confirmed": (_("You recorded this yourself. Ask a colleague to confirm it."),),
    "self-corrected": (
        _("You corrected facts of this dossier. Another file officer must decide."),
    ),
    "facts-changed": (
        _("The facts were corrected meanwhile. Look at them again; what you typed is still below."),
    ),
    "nothing-changes": (_("This is how it stands already: nothing changes."),),
    "override-pending": (
        _(
            "A finding against the rules still waits for a second officer: %(questions)s. Have it"
            " confirmed or record another finding."
        ),
    ),
    "de-minimis-exceeded": (
        _(
            "Today only %(left)s may still be granted to this undertaking, under the ceiling of"
            " %(ceiling)s. Assess the dossier again as of today, or refuse it."
        ),
    ),
    "source-missing": (
        _("Say where these facts come from, for example the annual accounts with their year."),
    ),
    "nothing-to-register": (
        _("Nothing of this dossier must be entered in the register now. Reload the list."),
    ),
    "register-reference-missing": (_("Give the reference that the register gave to this entry."),),
    "register-reference-used": (
        _("%(given)s is already the reference of another dossier. Check it in the register."),
    ),
    # The public register.
    "archive-broken": (
        _("The file %(file)s is not a ZIP that can be read. Fetch it again, whole."),
    ),
    "extract-columns": (_("The columns of %(file)s must be, in this order: %(columns)s."),),
    "extract-unknown": (
        _(
            "%(file)s does not say which extract this is: ExtractNumber and ExtractType (full or"
            " update) are needed."
        ),
    ),
    "extract-older": (
        _("Extract %(number)s is older than %(last)s, which was taken in. Nothing was changed."),
    ),
    "update-does-not-follow": (
        _(
            "Update %(number)s does not follow on extract %(last)s. Take in what lies between, or"
            " a full extract."
        ),
    ),
    "update-without-full": (
        _("Update %(number)s needs a full extract before it. Take in a full extract first."),
    ),
    "import-running": (
        _("Another import of the register is running. Try again once it has ended."),
    ),
    "row-unreadable": (_("This row is not CSV. Check the quotation marks."),),
    "wrong-register-number": (
        _(
            "“%(given)s” is not the number of an enterprise or establishment: the check digits or"
            " the first digit are wrong."
        ),
    ),
    "wrong-day": (
        _("“%(given)s” is not a day. Write day, month and year, for example 31-12-2021."),
    ),
    "wrong-text": (_("The text that begins with “%(given)s” is too long or cannot be read."),),
    "deposit-unreadable": (_("The deposit cannot be read at “%(field)s”. Fetch it again, whole."),),
    "deposit-too-large": (_("This file is larger than %(max_mb)s MB, and no deposit is."),),
    "deposit-of-another": (
        _(
            "Deposit %(reference)s stands already, of another enterprise. Check its enterprise"
            " number."
        ),
    ),
    "too-many-files": (_("There are more than %(max)s files here. Take them in by the day."),),
    # Any state.
    "not-now": (
        _(
            "%(event)s is not possible now: the status of %(noun)s is “%(state)s”."
            " Reload the page to see what is possible."
        ),
    ),
}

UNKNOWN_REFUSAL = _("This is not possible (%(code)s). Go back and check what you gave.")


def words_for(refusal: Refusal) -> str:
    """The sentence for a refusal, in the active language."""
    sentences = REFUSALS.get(refusal.code)
    if sentences is None:
        return gettext(UNKNOWN_REFUSAL) % {"code": refusal.code}
    facts = dict(refusal.facts)
    if "event" in facts and "noun" in facts:
        noun = str(facts["noun"])
        facts["noun"] = gettext(NOUNS.get(noun, noun))
        facts["event"] = gettext(EVENTS.get(str(facts["event"]), str(facts["event"])))
    # The measures of a statement are days or euro, told by `what`.
    as_days = facts.get("what") == "person_days"
    shown = {
        name: _measure(value, as_days=as_days) if name in MEASURES else _shown(name, value)
        for name, value in facts.items()
    }
    return _tell(sentences, shown)


# ---- What a trajectory consists of ---------------------------------------------------------------

PHASES: dict[str, str] = {
    "analysis": _("Analysis"),
    "plan": _("Action plan"),
    "guidance": _("Guidance"),
}


def words_for_phase(phase: str) -> str:
    return gettext(PHASES.get(phase, phase))


# ---- What a trajectory improves: the catalogue of measures ---------------------------------------

MEASURE_WORDS: dict[str, str] = {
    "policy": _("Security policy, with roles and responsibilities"),
    "suppliers": _("Agreements on security with suppliers"),
    "inventory": _("Inventory of devices, software and data"),
    "risk_analysis": _("Risk analysis"),
    "user_management": _("User management: who comes, changes and leaves; rights reviewed"),
    "awareness": _("Training and awareness of staff"),
    "data_handling": _("Rules for handling and keeping data"),
    "incident_response": _("Incident response plan"),
    "reporting_incidents": _("Procedure for reporting incidents"),
    "continuity": _("Continuity and recovery plan, exercised"),
    "multi_factor": _("Multi-factor authentication"),
    "privileged_accounts": _("Separate and protected administrator accounts"),
    "remote_access": _("Secured remote access"),
    "encryption": _("Encryption of devices and data"),
    "backup": _("Backups, also off line, with restores tested"),
    "updates": _("Updates of systems and software"),
    "hardening": _("Secure configuration of systems"),
    "mail_protection": _("Protection of e-mail (SPF, DKIM, DMARC, filtering)"),
    "cloud_settings": _("Secure settings of cloud services"),
    "network": _("Network security: firewall and segmentation"),
    "industrial_systems": _("Industrial and IoT systems kept apart"),
    "endpoint": _("Endpoint protection"),
    "monitoring": _("Logging and monitoring"),
    "vulnerability_scan": _("Vulnerability scan or penetration test"),
}

MEASURE_KINDS: dict[str, str] = {
    "technical": _("Technical measures"),
    "organisational": _("Organisational measures"),
}

PRIORITIES: dict[str, str] = {
    "high": _("priority high"),
    "medium": _("priority medium"),
    "low": _("priority low"),
}


def words_for_measure(code: str) -> str:
    return gettext(MEASURE_WORDS.get(code, code))


def words_for_measure_kind(kind: str) -> str:
    return gettext(MEASURE_KINDS.get(kind, kind))


def words_for_standing(standing: str, priority: str) -> str:
    """How a measure stands in an end report: realised, or still in the action plan."""
    if standing == "realised":
        return gettext("Realised")
    return gettext("Action plan, %(priority)s") % {
        "priority": gettext(PRIORITIES.get(priority, priority))
    }


# ---- Why a tranche is not paid -------------------------------------------------------------------

# What the rules refuse (REFUSALS) is told as such; these are reasons that nobody refused.
UNPAID: dict[str, tuple[str, ...]] = {
    "not-started": (_("The work has not started yet."),),
    "ended": (_("The dossier has ended."),),
    "no-statement-yet": (_("No statement has been filed yet."),),
    "not-claimed": (_("It can be claimed, but has not been claimed yet."),),
    "claim-not-verified": (_("It is claimed; the claim has not been verified yet."),),
    "claim-of-later": (_("It is claimed for %(quarter)s and rides with the run of that quarter."),),
}


def words_for_unpaid(why: str, facts: Mapping[str, object]) -> str:
    """Why a tranche is not paid, in the active language."""
    if why not in UNPAID:
        return words_for(Refusal(why, **facts))
    return _tell(UNPAID[why], {name: _shown(name, value) for name, value in facts.items()})


# ---- The questions put to a dossier --------------------------------------------------------------

QUESTIONS: dict[str, str] = {
    "size": _("Size (EU definition of an SME)"),
    "legal_form": _("Legal form"),
    "private_sector": _("Private sector"),
    "main_activity": _("Main activity"),
    "region": _("Established in Flanders"),
    "equity": _("Equity"),
    "de_minimis": _("De minimis ceiling"),
    "once_only": _("Once per enterprise"),
    "declarations": _("Declarations on honour"),
    "independence": _("Provider independent of the SME"),
    "offer": _("Price within the package"),
}

OUTCOMES: dict[str, tuple[str, str]] = {
    "met": (_("Met"), "ok"),
    "not_met": (_("Not met"), "stop"),
    "person": (_("To be judged"), "warn"),
    "unknown": (_("Unknown"), "warn"),
}

FINDINGS: dict[str, tuple[str, ...]] = {
    "size-is-sme": (
        _("%(category)s enterprise, by %(shown)s."),
        _("%(category)s enterprise."),
    ),
    "size-is-sme-by-periods": (
        _(
            "%(category)s enterprise, though the figures of %(year)s alone, %(shown)s, are of"
            " another class (%(raw_category)s): a ceiling changes the class once it is crossed"
            " in two consecutive years (article 4(2))."
        ),
    ),
    "size-is-large-by-periods": (
        _(
            "Large enterprise, though the figures of %(year)s alone, %(shown)s, are of another"
            " class (%(raw_category)s): it passes under a ceiling once it stayed under it in two"
            " consecutive years (article 4(2)). Only SMEs are helped."
        ),
    ),
    "size-public-stated": (
        _(
            "%(category)s enterprise, by %(shown)s; but %(share)s is stated to be in public hands."
            " With 25%% or more it is never an SME. Ask who holds it, and correct the owners."
        ),
        _("Stated to be in public hands for a quarter or more. Ask who holds it."),
    ),
    "size-is-large": (
        _("Large enterprise, by %(shown)s. Only SMEs are helped."),
        _("Large enterprise. Only SMEs are helped."),
    ),
    "size-exempt": (
        _("Large enterprise, by %(shown)s; exempt as a maatwerkbedrijf (%(recognition)s)."),
        _("Large enterprise; exempt as a maatwerkbedrijf (%(recognition)s)."),
    ),
    "size-exempt-anyway": (
        _("Exempt from the condition of size as a maatwerkbedrijf (%(recognition)s)."),
    ),
    "size-unknown": (
        _(
            "The size cannot be told: figures of %(names)s for %(year)s are missing. Ask for the"
            " annual accounts."
        ),
        _("The size cannot be told: no figures of %(names)s. Ask for the annual accounts."),
        # As older assessments told it.
        _("The size cannot be told: no figures of %(missing)s. Ask for the annual accounts."),
        _("The size cannot be told: figures are missing. Ask for the annual accounts."),
    ),
    # As older assessments told it.
    "size-relations-to-judge": (
        _(
            "%(category)s enterprise, by %(shown)s; but 25%% or more is held by %(holders)s."
            " Judge whether that is a partner."
        ),
        _("25%% or more is held by %(holders)s. Judge whether that is a partner."),
        _("Others hold 25%% or more. Judge whether they are partners."),
    ),
    "size-is-sme-class-unknown": (
        _("An SME, by what is known: %(shown)s; the class cannot be told."),
        _("An SME, by what is known; the class cannot be told."),
    ),
    "size-public": (
        _(
            "A quarter or more is controlled by public bodies. Such an enterprise is never an"
            " SME, whatever its figures."
        ),
    ),
    "size-contradicts": (
        _(
            "What is stated contradicts itself (%(doubts)s): %(names)s. Ask for the right"
            " percentages and correct the facts."
        ),
        _(
            "What is stated about the owners contradicts itself. Ask for the right percentages"
            " and correct the facts."
        ),
    ),
    "size-to-judge": (
        _("%(category)s enterprise, by %(shown)s; but judge first (%(names)s): %(doubts)s."),
        _("%(category)s enterprise; but judge first (%(names)s): %(doubts)s."),
        _("A relation of the enterprise must be judged first."),
    ),
    "public-share-investors": (
        _(
            "%(share)s in public hands, and %(with_investors)s with public investors counted."
            " Judge whether they count here."
        ),
        _("Public investors hold a quarter or more. Judge whether they count here."),
    ),
    "public-control": (
        _(
            "%(share)s in public hands by what is held; but public bodies control the enterprise"
            " otherwise. Judge whether it belongs to the private sector."
        ),
    ),
    "activity-accepted": (
        _("NACE-BEL %(version)s code %(code)s is accepted (rule on %(prefix)s)."),
    ),
    "activity-refused": (
        _("NACE-BEL %(version)s code %(code)s cannot be helped (rule on %(prefix)s)."),
    ),
    "equity-of-a-person": (
        _("A natural person (%(form)s) files no accounts; the condition does not bear on it."),
        _("A natural person files no accounts; the condition does not bear on it."),
    ),
    "declarations-signature-to-judge": (
        _(
            "All declarations were made; when they were signed is not stated. Check the signature"
            " on the document."
        ),
    ),
    "declarations-old": (
        _(
            "The declarations were signed on %(declared_on)s, more than a year before the dossier"
            " was filed. Judge whether they still hold, or ask for new ones."
        ),
    ),
    "declarations-signed-later": (
        _(
            "The declarations were signed on %(declared_on)s, after the dossier was filed. Ask"
            " for the right document."
        ),
        _("The declarations were signed after the dossier was filed. Ask for the right document."),
    ),
    "no-ties": (_("Declared: no tie between the provider and the enterprise."),),
    "ties-unknown": (
        _(
            "Not stated whether provider and enterprise are tied. Ask for it: services between"
            " relations are not subsidised."
        ),
    ),
    "ties-to-judge": (
        _("Provider and enterprise are tied (%(ties)s). Judge whether the offer can stand."),
        _("Provider and enterprise are tied. Judge whether the offer can stand."),
    ),
    "provider-among-owners": (
        _(
            "The provider stands among the owners or daughters of the enterprise. Judge whether"
            " the offer can stand."
        ),
    ),
    "de-minimis-within": (
        _(
            "%(declared)s declared + %(amount)s = %(together)s of %(ceiling)s, since %(since)s"
            " (Regulation %(regulation)s)."
        ),
        # As older assessments told it.
        _(
            "%(amount)s fits under the ceiling of %(ceiling)s, counted since %(since)s"
            " (Regulation %(regulation)s)."
        ),
        _("The subsidy fits under the ceiling."),
    ),
    "de-minimis-over": (
        _(
            "%(declared)s declared + %(amount)s = %(together)s, more than %(ceiling)s on %(over)s"
            " since %(since)s (Regulation %(regulation)s). Then nothing of it may be granted."
        ),
        # As older assessments told it.
        _(
            "With %(amount)s the ceiling of %(ceiling)s on %(over)s since %(since)s would be"
            " exceeded (Regulation %(regulation)s). Then nothing of it may be granted."
        ),
        _(
            "With %(amount)s the ceiling of %(ceiling)s since %(since)s would be exceeded"
            " (Regulation %(regulation)s). Then nothing of it may be granted."
        ),
        _("The ceiling would be exceeded. Then nothing of it may be granted."),
    ),
    "de-minimis-of-a-stranger": (
        _(
            "Aid was declared of somebody who does not stand in the group (%(names)s). Judge"
            " whether it counts, as of an enterprise that was taken over, or correct the number."
        ),
    ),
    "kept-back": (_("The agency looks into this itself."),),
    "de-minimis-not-declared": (
        _(
            "No list of earlier de minimis aid was given; %(amount)s must fit under %(ceiling)s"
            " since %(since)s. Ask for the declaration."
        ),
        _("No list of earlier de minimis aid was given. Ask for the declaration."),
    ),
    "de-minimis-out-of-scope": (
        _(
            "The general de minimis Regulation does not hold for this sector (%(sector)s). Aid is"
            " possible for other activities, kept apart."
        ),
        _(
            "The general de minimis Regulation does not hold for this sector. Aid is possible for"
            " other activities, kept apart."
        ),
    ),
    "de-minimis-no-regulation": (
        _("No de minimis Regulation is known for that day. Judge by the law that holds."),
    ),
    "legal-form-accepted": (_("The legal form %(form)s is accepted."),),
    "legal-form-not-yet": (
        _("The legal form %(form)s is accepted from %(since)s; the dossier is earlier."),
    ),
    "legal-form-refused": (_("The legal form %(form)s cannot be helped."),),
    "legal-form-to-judge": (
        _("The legal form %(form)s is not on the list. Judge whether it is an enterprise."),
    ),
    "public-share-under": (_("%(share)s in public hands, less than %(max)s."),),
    "public-share-over": (
        _("%(share)s in public hands. That must be less than %(max)s to be helped."),
    ),
    "public-share-unknown": (
        _("It is not known which share is in public hands. Ask the enterprise for it."),
    ),
    "activity-to-judge": (
        _("NACE-BEL %(version)s code %(code)s. Judge whether the main activity may be helped."),
    ),
    "in-flanders": (_("Established in %(postal_code)s, province %(province)s."),),
    "postal-code-unreadable": (
        _("“%(postal_code)s” is no Belgian postal code. Ask for the address of the establishment."),
    ),
    "outside-flanders": (
        _(
            "Postal code %(postal_code)s lies outside the Flemish Region."
            " Only enterprises in Flanders are helped."
        ),
    ),
    "equity-not-negative": (_("Equity of %(equity)s, not negative."),),
    "equity-negative": (
        _("Equity of %(equity)s. It must not be negative; ask for newer accounts if there are."),
    ),
    "equity-unknown": (_("Equity is not known. Ask the enterprise for the annual accounts."),),
    "de-minimis-to-judge": (
        _("%(amount)s fits under %(ceiling)s since %(since)s, but judge first: %(doubts)s."),
        # As older assessments told it.
        _(
            "Add the de minimis aid of this and the two previous tax years, from the declaration"
            " on honour, to %(amount)s; together at most %(ceiling)s."
        ),
        _(
            "Add the de minimis aid of this and the two previous tax years, from the declaration"
            " on honour, to the subsidy asked; together it must stay under the ceiling."
        ),
    ),
    "helped-before": (_("Helped before. A new dossier is possible from %(not_before)s."),),
    "not-helped-before": (_("No earlier help that stands in the way."),),
    "declarations-complete": (_("All declarations on honour were made."),),
    "declarations-missing": (
        _("Not declared: %(missing)s. Ask the SME for a complete declaration on honour."),
    ),
    "offer-within-band": (
        _("%(price)s, within the limits from %(price_min)s to %(price_max)s excluding VAT."),
    ),
    "unknown-package": REFUSALS["unknown-package"],
    "package-not-offered": REFUSALS["package-not-offered"],
    "price-outside-band": REFUSALS["price-outside-band"],
}

# What a letter tells an enterprise, where the finding also tells an officer what to do.
IN_LETTERS: dict[str, tuple[str, ...]] = {
    "equity-negative": (_("Equity of %(equity)s. It must not be negative."),),
    "declarations-missing": (_("Not declared: %(missing)s."),),
    "declarations-signed-later": (
        _("The declarations were signed on %(declared_on)s, after the dossier was filed."),
        _("The declarations were signed after the dossier was filed."),
    ),
    "unknown-package": (_("There is no package “%(given)s”."),),
    "package-not-offered": (
        _("The %(package)s is offered from %(valid_from)s to %(valid_until)s."),
    ),
    "price-outside-band": (
        _(
            "%(price)s lies outside the limits of this package: from %(price_min)s to"
            " %(price_max)s excluding VAT."
        ),
    ),
}

BUSY = _("Somebody else is working on this right now. Try again in a moment.")

UNKNOWN_FINDING = _("Finding “%(code)s”.")

AID_FAMILIES: dict[str, str] = {
    "general": _("general aid"),
    "sgei": _("aid for services of general economic interest"),
    "agriculture": _("aid for agriculture"),
    "fishery": _("aid for fishery"),
}

CATEGORIES: dict[str, str] = {
    "micro": _("Micro"),
    "small": _("Small"),
    "medium": _("Medium-sized"),
    "large": _("Large"),
}

DECLARATIONS: dict[str, str] = {
    "sme_status": _("SME status"),
    "legal_form": _("legal form"),
    "de_minimis": _("de minimis aid"),
    "main_activity": _("main activity"),
}


def words_for_question(question: str) -> str:
    """The short name of a question put to a dossier."""
    return gettext(QUESTIONS.get(question, question))


def words_for_outcome(outcome: str) -> str:
    return gettext(OUTCOMES[outcome][0]) if outcome in OUTCOMES else outcome


def words_for_finding(code: str, figures_told: Mapping[str, str], /) -> str:
    """The sentence for a finding, in the active language, with its figures written out."""
    return _told_as(FINDINGS.get(code), code, figures_told)


def words_for_letter(code: str, figures_told: Mapping[str, str], /) -> str:
    """The same as it is told to the enterprise: without what it asks of an officer."""
    return _told_as(IN_LETTERS.get(code) or FINDINGS.get(code), code, figures_told)


def _told_as(sentences: tuple[str, ...] | None, code: str, figures_told: Mapping[str, str]) -> str:
    if sentences is None:
        return gettext(UNKNOWN_FINDING) % {"code": code}
    shown = {name: _shown_figure(name, value) for name, value in figures_told.items()}
    if code.startswith("size-"):
        shown["shown"] = _size_figures(figures_told)
    return _tell(sentences, shown)


def _shown_figure(name: str, value: str) -> str:
    if name == "doubts":
        return "; ".join(gettext(DOUBTS.get(item, item)) for item in value.split(", "))
    if name == "ties":
        return _listed(gettext(PROVIDER_TIES.get(item, item)) for item in value.split(", "))
    if name in ("share", "max", "with_investors"):
        return figures.percentage(value)
    if name == "sector":
        return gettext(SECTORS.get(value, value))
    if name == "over":
        return _listed(gettext(AID_FAMILIES.get(item, item)) for item in value.split(", "))
    if name in ("category", "raw_category"):
        return gettext(CATEGORIES.get(value, value))
    if name == "missing":
        return _listed(
            gettext(DECLARATIONS[item]) if item in DECLARATIONS else figures.enterprise_number(item)
            for item in value.split(", ")
            if item
        )
    if name in ("price", "price_min", "price_max", "equity", "ceiling"):
        return figures.whole_euro(value)
    return _shown(name, value)


FIGURES: dict[str, str] = {
    "category": _("Class"),
    "raw_category": _("Class by the last year alone"),
    "year": _("Accounting year"),
    "headcount": _("Headcount, with the group"),
    "turnover": _("Turnover, with the group"),
    "balance_total": _("Balance sheet total, with the group"),
    "form": _("Legal form"),
    "recognition": _("Recognition"),
    "share": _("In public hands"),
    "max": _("Must be less than"),
    "version": _("Version of NACE-BEL"),
    "code": _("NACE code"),
    "label": _("Activity"),
    "prefix": _("Rule on codes that begin with"),
    "postal_code": _("Postal code"),
    "province": _("Province"),
    "equity": _("Equity"),
    "declared": _("Declared that counts"),
    "amount": _("This subsidy"),
    "together": _("Together"),
    "ceiling": _("Ceiling"),
    "over": _("Ceiling on"),
    "since": _("Counted since"),
    "regulation": _("Regulation"),
    "not_before": _("Not before"),
    "declared_on": _("Signed on"),
    "missing": _("Missing"),
    "ties": _("Ties"),
    "price": _("Price excluding VAT"),
    "price_min": _("At least"),
    "price_max": _("At most"),
    "package": _("Package"),
}


def figures_told(told: Mapping[str, str]) -> list[tuple[str, str]]:
    """The figures that an answer rests on, each with its name, in the order of `FIGURES`."""
    return [
        (gettext(label), _figure_alone(name, told[name]))
        for name, label in FIGURES.items()
        if told.get(name)
    ]


def _figure_alone(name: str, value: str) -> str:
    if name in ("turnover", "balance_total"):
        return figures.whole_euro(value)
    return figures.number(value) if name == "headcount" else _shown_figure(name, value)


def _size_figures(told: Mapping[str, str]) -> str:
    """What a size rests on: headcount, turnover and balance total, of one or of a group."""
    parts = []
    if told.get("headcount"):
        parts.append(gettext("%(count)s employees") % {"count": figures.number(told["headcount"])})
    if told.get("turnover"):
        parts.append(
            gettext("a turnover of %(amount)s") % {"amount": figures.whole_euro(told["turnover"])}
        )
    if told.get("balance_total"):
        parts.append(
            gettext("a balance sheet total of %(amount)s")
            % {"amount": figures.whole_euro(told["balance_total"])}
        )
    if not parts:
        return ""
    shown = _listed(parts)
    if told.get("year"):
        shown += " " + gettext("in %(year)s") % {"year": told["year"]}
    linked = told.get("linked", "")
    # Older assessments named them here; the names now stand in the workings.
    if linked.isdecimal() and int(linked) and told.get("relation") is None:
        shown += " " + ngettext(
            "(together with %(linked)s linked enterprise: %(names)s)",
            "(together with %(linked)s linked enterprises: %(names)s)",
            int(linked),
        ) % {"linked": linked, "names": told.get("names", figures.NOTHING)}
    counted = {name: told.get(name, "0") for name in ("linked", "partners")}
    if told.get("relation") is not None and any(number != "0" for number in counted.values()):
        shown += " " + gettext(
            "(linked enterprises counted: %(linked)s, partners: %(partners)s)"
        ) % counted  # fmt: skip
    return shown


# ---- What an answer rests on ---------------------------------------------------------------------

# By question: the text of the law or the programme that it puts into code.
ARTICLES: dict[str, str] = {
    "size": _("Recommendation 2003/361/EC, Annex, articles 2 to 6"),
    "legal_form": _("Decision of the Flemish Government of 26 February 2016, article 4"),
    "private_sector": _("Terms of the programme: administrations hold less than 25%"),
    "main_activity": _("Terms of the programme: list of accepted NACE codes"),
    "region": _("Terms of the programme: an establishment in the Flemish Region"),
    "equity": _("Terms of the programme: no negative equity on the day of filing"),
    "de_minimis": _("Regulations 1407/2013 and 2023/2831, articles 2, 3 and 5"),
    "once_only": _("Answer 526 of 1 April 2022, answers 1c and 1d"),
    "declarations": _("Answer 526 of 1 April 2022, answer 3"),
    "independence": _("After the rule of the kmo-portefeuille on related enterprises"),
    "offer": _("Answer 526 of 1 April 2022, answer 1f: packages and prices"),
}

# What somebody must judge, or what contradicts itself.
DOUBTS: dict[str, str] = {
    "share-not-known": _("a share of capital or votes is not known"),
    "markets-not-known": _("held by the same person; it is not known whether they share a market"),
    "investors-together": _("exempt investors hold a majority together"),
    "investor-facts-missing": _(
        "the investment, the budget or the number of inhabitants of an investor is missing"
    ),
    "investor-jointly": _(
        "an exempt investor reaches a quarter together with an enterprise linked to it"
    ),
    "joint-control": _(
        "enterprises found to control together: whether that makes one of them control alone"
    ),
    "persons-together": _(
        "held by the same persons as another enterprise: whether they act jointly (C-110/13)"
    ),
    "ownership-changed": _(
        "the owners changed: whether the last accounts alone decide, as after a takeover"
    ),
    "whole-group-to-check": _(
        "sums of a whole group are stated; whether everybody who counts now is in them"
    ),
    "estimate-of-another-year": _("the estimate is of another year than this one"),
    "history-short": _("it depends on accounts of a year before, which are not stated"),
    "accounts-old": _("the last accounts closed more than two years ago"),
    "consolidated-outside": _(
        "its figures are in the consolidated accounts of somebody who is not counted"
    ),
    "public-with-exempt": _(
        "public holders reach a quarter together with exempt investors among them"
    ),
    "public-in-group": _("an owner of the enterprise is itself for a quarter in public hands"),
    "dispersed-capital": _("declared in good faith that nobody holds a quarter"),
    "shares-over-100": _("shares of more than 100% together"),
    "holds-itself": _("own shares, or shares held by a daughter: what others hold weighs more"),
    "accounts-include-each-other": _("consolidated accounts that include each other"),
    "regulation-expired": _("the Regulation that is cited no longer held on that day"),
    "regulation-before-its-day": _("the new Regulation is cited for a day before it applied"),
    "road-freight-kept-apart": _("proof that road freight is kept apart from other activities"),
    "person-may-be-an-undertaking": _(
        "whether the person who owns several enterprises is itself an undertaking"
    ),
    "aid-waived": _("earlier aid that was waived: check the decision on record"),
    "aid-for-same-costs": _(
        "other State aid for the same costs: together no more than the rules of that aid allow"
        " (article 5)"
    ),
}

RELATIONS: dict[str, str] = {
    "own": _("The enterprise itself"),
    "linked": _("Linked"),
    "partner": _("Partner"),
    "linked_to_partner": _("Linked to a partner"),
    "autonomous": _("Autonomous"),
}

# Why enterprises are linked.
TIES: dict[str, str] = {
    "votes": _("a majority of the votes (article 3(3)(a))"),
    "votes_together": _("a majority of the votes held by a group together (article 3(3))"),
    "board_majority": _("the right to appoint a majority of the board (article 3(3)(b))"),
    "dominant_influence": _("dominant influence by contract or articles (article 3(3)(c))"),
    "agreement_majority": _("a majority of the votes by agreement (article 3(3)(d))"),
    "acting_jointly": _(
        "found to act jointly (article 3(3), fourth subparagraph; for investors article 3(2))"
    ),
    "through_persons": _(
        "through a natural person, on the same or an adjacent market (article 3(3), fourth"
        " subparagraph)"
    ),
    "single_economic_unit": _("found to be a single economic unit (C-110/13)"),
}

# Why somebody in the graph counts for nothing.
LEFT_OUT: dict[str, str] = {
    "natural-person": _("a natural person has no accounts to add"),
    "exempt-investor": _("an exempt investor (article 3(2), second subparagraph)"),
    "public-body": _("a public body has no accounts to add (article 3(4))"),
    "below-a-quarter": _("holds, or is held for, less than a quarter"),
    "beyond-partners": _("stands behind a partner: partners of partners do not count"),
}

# Why earlier aid counts, or does not.
AID: dict[str, str] = {
    "counted": _("counts"),
    "waived": _("waived or withdrawn, on record"),
    "other-undertaking": _("granted to another undertaking"),
    "other-regulation": _("has a ceiling of its own"),
    "before-the-window": _("lies before the window"),
    "not-yet": _("granted after the day that is looked at: does not count yet"),
    "out-of-scope": _("no aid may be granted under this Regulation: nothing is counted"),
}

# Why enterprises are one undertaking for de minimis aid.
UNDERTAKING: dict[str, str] = {
    "votes": _("a majority of the votes (article 2(2)(a))"),
    "votes_together": _("a majority of the votes held by a group together (article 2(2))"),
    "board_majority": _("the right to appoint a majority of the board (article 2(2)(b))"),
    "dominant_influence": _("dominant influence by contract or articles (article 2(2)(c))"),
    "agreement_majority": _("a majority of the votes by agreement (article 2(2)(d))"),
}

FAMILIES: dict[str, str] = {
    "general": _("general"),
    "sgei": _("services of general economic interest"),
    "agriculture": _("agriculture"),
    "fishery": _("fishery"),
}

KINDS: dict[str, str] = {
    "enterprise": _("Enterprise"),
    "natural_person": _("Natural person"),
    "public_body": _("Public body"),
    "local_authority": _("Local authority"),
    "local_authority_small": _("Small local authority"),
    "venture_capital": _("Venture capital company"),
    "public_investment_corp": _("Public investment corporation"),
    "business_angel": _("Business angel"),
    "university": _("University or non-profit research centre"),
    "institutional_investor": _("Institutional investor"),
    "regional_dev_fund": _("Regional development fund"),
}

PROVIDER_TIES: dict[str, str] = {
    "shareholding": _("a shareholding"),
    "common_director": _("a common director or manager"),
    "common_staff": _("a common employee"),
    "family": _("a family tie"),
}


def words_for_working(table: str, code: str) -> str:
    """The words for a code in the workings of an assessment, in the active language."""
    return gettext(WORKINGS[table].get(code, code))


# Who tells a fact, as it is kept with the fact: what somebody typed is told as it was typed.
SOURCES: dict[str, str] = {
    r"cstraject": _("the dossiers in this system"),
    r"opgave van de dienstverlener": _("stated by the provider"),
    r"opgave van de dienstverlener \(API\)": _("stated by the provider (API)"),
    r"KBO, uittreksel (?P<extract>\S+) van (?P<day>\S+)": _(
        "Crossroads Bank (KBO), extract %(extract)s of %(day)s"
    ),
    r"NBB, neerlegging (?P<reference>.+)": _("NBB, deposit %(reference)s"),
}


def words_for_source(source: str) -> str:
    """Where a fact comes from, in the active language; each where it comes from several."""
    return "; ".join(map(_source, source.split("; ")))


def _source(source: str) -> str:
    for kept, told in SOURCES.items():
        if found := re.fullmatch(kept, source):
            return gettext(told) % found.groupdict()
    return source


# Activities with a ceiling of their own, or outside the general Regulation.
SECTORS: dict[str, str] = {
    "road_freight": _("Road freight transport for hire or reward"),
    "road_freight_mixed_separated": _("Road freight for hire or reward, kept apart from the rest"),
    "primary_agriculture": _("Primary agricultural production"),
    "primary_fishery": _("Fishery and aquaculture"),
    "processing": _("Processing and marketing of agricultural products"),
    "fish_processing": _("Processing and marketing of fish"),
}

WORKINGS = {
    "sector": SECTORS,
    "article": ARTICLES,
    "doubt": DOUBTS,
    "relation": RELATIONS,
    "tie": TIES,
    "left_out": LEFT_OUT,
    "aid": AID,
    "undertaking": UNDERTAKING,
    "family": FAMILIES,
    "kind": KINDS,
    "provider_tie": PROVIDER_TIES,
    "declaration": DECLARATIONS,
}

# ---- What happened: the lines of a timeline ------------------------------------------------------

ACTS: dict[str, tuple[str, ...]] = {
    "dossier.file": (_("Dossier filed"),),
    "draft.discard": (_("Draft set aside"),),
    "dossier.assess": (_("Assessed by the rules"),),
    "dossier.assess_again": (_("Assessed anew, as of that day"),),
    "dossier.find": (
        _("Decided on “%(question)s”: %(outcome)s. Reason: %(reason)s"),
        _("Decided on “%(question)s”: %(outcome)s"),
        _("Question decided"),
    ),
    "dossier.correct_facts": (
        _("Facts corrected (source: %(source)s) and assessed anew. Reason: %(reason)s"),
        _("Facts corrected and assessed anew"),
    ),
    "dossier.override": (
        _("Found against the rules on “%(question)s”: %(outcome)s. Reason: %(reason)s"),
        _("Found against the rules"),
    ),
    "dossier.drop_override": (
        _(
            "Finding against the rules on “%(question)s” not confirmed: %(outcome)s, as by the"
            " rules. Reason: %(reason)s"
        ),
        _("Finding against the rules not confirmed"),
    ),
    "dossier.confirm_override": (
        _("Finding on “%(question)s” confirmed by a second officer"),
        _("Finding confirmed by a second officer"),
    ),
    "dossier.enter_in_register": (
        _("Entered in the de minimis register: %(amount)s, reference %(reference)s"),
        _("Entered in the de minimis register"),
    ),
    "dossier.approve": (
        _("Approved: %(granted)s granted (share %(share)s, VAT %(vat)s)"),
        _("Approved: %(granted)s granted"),
        _("Dossier approved"),
    ),
    "dossier.refuse": (_("Refused. Reason: %(reason)s"), _("Dossier refused")),
    "dossier.start": (_("Work started on %(on)s"), _("Work started")),
    "dossier.complete": (_("Work completed on %(on)s"), _("Work completed")),
    "dossier.receive_end_report": (
        _("End report received on %(on)s"),
        _("End report received"),
    ),
    "dossier.withdraw": (_("Withdrawn. Reason: %(reason)s"), _("Dossier withdrawn")),
    "dossier.release": (_("What was not needed returned to the budget: %(released)s"),),
    "dossier.stop": (
        _(
            "Stopped, because %(cause)s: %(released)s released, %(comes_back)s comes back."
            " Reason: %(reason)s"
        ),
        _("Stopped. Reason: %(reason)s"),
        _("Dossier stopped"),
    ),
    "dossier.write_letter": (_("Decision letter made"),),
    "dossier.amend": (
        _("Offer amended to %(price)s: %(released)s released. %(reason)s"),
        _("Offer amended"),
    ),
    "end_report.file": (_("End report filed"),),
    "end_report.accept": (_("End report accepted"),),
    "end_report.send_back": (
        _("End report sent back: %(reason)s"),
        _("End report sent back"),
    ),
    "shift.propose": (
        _("Shift of %(amount)s from %(from)s to %(to)s proposed: %(reason)s"),
        _("Shift of budget proposed"),
    ),
    "shift.carry_out": (
        _("Shift of %(amount)s from %(from)s to %(to)s carried out"),
        _("Shift of budget carried out"),
    ),
    "shift.drop": (
        _("Shift of %(amount)s from %(from)s to %(to)s dropped"),
        _("Shift of budget dropped"),
    ),
    "edition.prepare": (
        _("Edition %(edition)s prepared beside %(beside)s"),
        _("Edition prepared"),
    ),
    "edition.change": (_("Edition %(edition)s changed"), _("Edition changed")),
    "message.write": (
        _("Question of %(asked_on)s answered: the clock goes on"),
        _("Message to VLAIO; what came in until %(read_until)s is handled with it"),
        _("Message to VLAIO"),
    ),
    "message.tell": (
        _("Message to the provider; what came in until %(read_until)s is handled with it"),
        _("Message to the provider"),
    ),
    "message.ask": (
        _(
            "Information asked, to be answered by %(last_day)s: the clock stands still. What came"
            " in until %(read_until)s is handled with it"
        ),
        _("Information asked, to be answered by %(last_day)s: the clock stands still"),
        _("Information asked: the clock stands still"),
    ),
    "message.read": (_("Messages of VLAIO handled without an answer"),),
    "message.close": (_("Messages of the provider handled without an answer"),),
    "message.take_back": (_("Question taken back: the clock goes on"),),
    "handler.take": (_("Taken to handle"),),
    "handler.give": (_("Handed over to %(to)s"), _("Handed over to a colleague")),
    "statement.file": (
        _(
            "Statement for %(quarter)s corrected (version %(version)s): %(person_days)s,"
            " %(amount)s; before %(days_before)s, %(amount_before)s. Changed: %(phases)s"
        ),
        _(
            "Statement for %(quarter)s corrected (version %(version)s): %(person_days)s,"
            " %(amount)s; before %(days_before)s, %(amount_before)s"
        ),
        _("Statement for %(quarter)s filed: %(person_days)s, %(amount)s"),
        _("Statement for %(quarter)s filed"),
        _("Statement filed"),
    ),
    "claim.file": (
        _("Tranche %(tranche)s claimed for %(quarter)s: %(amount)s"),
        _("Tranche %(tranche)s claimed"),
        _("Claim filed"),
    ),
    "claim.verify": (
        _("Claim of tranche %(tranche)s verified: %(amount)s"),
        _("Claim of tranche %(tranche)s verified"),
        _("Claim verified"),
    ),
    "claim.send_back": (
        _("Claim of tranche %(tranche)s sent back. Reason: %(reason)s"),
        _("Claim sent back. Reason: %(reason)s"),
        _("Claim sent back"),
    ),
    "claim.include": (
        _("Tranche %(tranche)s taken into the run of %(quarter)s"),
        _("Tranche %(tranche)s taken into a run"),
        _("Claim taken into a run"),
    ),
    "claim.release": (
        _("Payment of tranche %(tranche)s refused by the bank; it rides with the next run"),
        _("Payment refused by the bank; the tranche rides with the next run"),
    ),
    "claim.pay": (
        _("Tranche %(tranche)s paid: %(amount)s"),
        _("Tranche %(tranche)s paid"),
        _("Claim paid"),
    ),
    "claim.return": (
        _("Payment of tranche %(tranche)s returned by the bank; the tranche is open again"),
        _("Payment returned by the bank; the tranche is open again"),
    ),
    "run.draw_up": (
        _("Run of %(quarter)s drawn up: %(total)s"),
        _("Run of %(quarter)s drawn up"),
        _("Run drawn up"),
    ),
    "run.check": (_("Run checked"),),
    "run.approve": (_("Run approved"),),
    "run.file": (_("Payment file written"),),
    "run.send": (_("Payment file sent to the bank"),),
    "run.settle": (_("Run settled"),),
    "run.abandon": (_("Run abandoned. Reason: %(reason)s"), _("Run abandoned")),
    "payment.pay": (_("Payment made: %(amount)s"), _("Payment made")),
    "payment.refuse": (_("Payment refused by the bank"),),
    "payment.return": (_("Payment returned by the bank"),),
    "contract.award": (
        _("Framework contract awarded: %(amount)s"),
        _("Framework contract awarded"),
    ),
    "contract.amend": (
        _("Budget of the framework contract changed by %(by)s. Reason: %(reason)s"),
        _("Budget of the framework contract changed by %(by)s"),
        _("Framework contract amended"),
    ),
    "document.receive": (_("Document received: %(kind)s"), _("Document received")),
    "provider.register": (_("Provider registered: %(name)s"), _("Provider registered")),
    "user.add": (_("User added"),),
    "user.shut": (_("Account shut"),),
    "user.grant": (_("Role given: %(role)s"), _("Role given")),
    "user.take": (_("Role taken away: %(role)s"), _("Role taken away")),
    "member.shut_out": (_("Shut out of the provider"),),
    "member.let_in": (_("Let in again at the provider"),),
    "token.revoke": (_("Access key ended: %(name)s"), _("Access key ended")),
    "token.issue": (_("Access key issued: %(name)s"), _("Access key issued")),
}

STOP_CAUSES: dict[str, str] = {
    "ended_early": _("it ended early"),
    "not_entitled": _("the enterprise was not entitled"),
}

UNKNOWN_ACT = _("Recorded: %(action)s")


def words_for_act(action: str, facts: Mapping[str, object]) -> str:
    """One line of a timeline: what was done, in the active language."""
    sentences = ACTS.get(action)
    if sentences is None:
        return gettext(UNKNOWN_ACT) % {"action": action}
    shown = {name: _shown(name, value) for name, value in facts.items()}
    if "question" in facts:
        shown["outcome"] = shown.get("outcome", "").lower()
    return _tell(sentences, shown)


# ---- States, packages, documents, roles ----------------------------------------------------------

# Word and tone (ok, warn, stop, info, plain) of every state in `cstraject.lifecycle`.
STATES: dict[str, dict[str, tuple[str, str]]] = {
    "dossier": {
        "submitted": (_("Submitted"), "warn"),
        "approved": (_("Approved"), "ok"),
        "refused": (_("Refused"), "stop"),
        "withdrawn": (_("Withdrawn"), "plain"),
        "in_delivery": (_("In delivery"), "info"),
        "completed": (_("Completed"), "ok"),
        "stopped": (_("Stopped"), "stop"),
    },
    "claim": {
        "submitted": (_("Submitted"), "warn"),
        "verified": (_("Verified"), "info"),
        "sent_back": (_("Sent back"), "stop"),
        "in_run": (_("In a run"), "info"),
        "paid": (_("Paid"), "ok"),
    },
    "run": {
        "drawn_up": (_("Drawn up"), "warn"),
        "checked": (_("Checked"), "warn"),
        "approved": (_("Approved"), "info"),
        "filed": (_("File written"), "info"),
        "sent": (_("Sent to the bank"), "info"),
        "settled": (_("Settled"), "ok"),
        "abandoned": (_("Abandoned"), "plain"),
    },
    "payment": {
        "planned": (_("Planned"), "info"),
        "paid": (_("Paid"), "ok"),
        "refused": (_("Refused"), "stop"),
        "returned": (_("Returned"), "stop"),
        "abandoned": (_("Abandoned"), "plain"),
    },
}

NOUNS: dict[str, str] = {
    "dossier": _("the dossier"),
    "claim": _("the claim"),
    "run": _("the run"),
    "payment": _("the payment"),
}

# The events of `cstraject.lifecycle`, as they begin a sentence.
EVENTS: dict[str, str] = {
    "approve": _("Approving"),
    "refuse": _("Refusing"),
    "withdraw": _("Withdrawing"),
    "start": _("Starting"),
    "complete": _("Completing"),
    "stop": _("Stopping"),
    "verify": _("Verifying"),
    "send_back": _("Sending back"),
    "include": _("Taking into a run"),
    "release": _("Leaving out of the run"),
    "pay": _("Paying"),
    "return": _("Returning"),
    "check": _("Checking"),
    "file": _("Writing the payment file"),
    "send": _("Sending to the bank"),
    "settle": _("Settling"),
    "abandon": _("Abandoning"),
    # Deeds that change no state, and are asked for in the wrong one.
    "assess": _("Assessing"),
    "find": _("Deciding on a question"),
    "correct_facts": _("Correcting the facts"),
    "confirm_override": _("Confirming a finding"),
    "ask": _("Asking for information"),
    "amend": _("Amending the offer"),
    "statement": _("Filing a statement"),
    "claim": _("Claiming a tranche"),
}

PACKAGES: dict[str, tuple[str, str]] = {
    "basis": (_("Basic package"), _("Basic + extension")),
    "light": (_("Light package"), _("Light + extension")),
}

DOCUMENTS: dict[str, str] = {
    "offer": _("the signed offer"),
    "declaration": _("the declaration on honour"),
    "end_report": _("the end report"),
    "attachment": _("the document with a message"),
    "letter": _("the decision letter"),
    "statement": _("the statement"),
}

ROLES: dict[str, str] = {
    "reader": _("Reader"),
    "coach": _("Coach"),
    "manager": _("Manager"),
    "reviewer": _("Reviewer"),
    "controller": _("Controller"),
    "payments_officer": _("Payments officer"),
    "payments_approver": _("Payments approver"),
    "reporting_officer": _("Reporting officer"),
    "administrator": _("Administrator"),
    "auditor": _("Auditor"),
    "guest": _("Guest"),
}

MAY: dict[str, str] = {
    "see_dossiers": _("see the contract and the dossiers"),
    "handle_dossiers": _("take dossiers, hand them over, write to providers about them"),
    "amend_contracts": _("award contracts, amend budgets and, two together, shift them"),
    "see_editions": _("see the editions of the programme and their terms"),
    "manage_editions": _("prepare editions and change them until they decided"),
    "file_dossiers": _("file dossiers, statements and end reports"),
    "claim_tranches": _("claim tranches"),
    "manage_members": _("invite its people and shut them out, give keys to machines"),
    "open_dossiers": _("open the pages of a dossier, where it is not closed to them"),
    "see_portfolio": _("see all dossiers, contracts, claims and runs"),
    "see_answers": _("make the answers to parliament"),
    "decide_dossiers": _("assess, approve and refuse dossiers, keep the register duty"),
    "verify_claims": _("verify claims or send them back"),
    "stop_dossiers": _("stop dossiers"),
    "check_runs": _("draw up, check and abandon runs"),
    "approve_runs": _("approve runs"),
    "settle_runs": _("take the payment file to the bank and settle payments"),
    "see_people": _("see who works at the agency, in which role"),
    "manage_people": _(
        "invite people to the agency, take roles away, open and close one dossier to somebody"
    ),
}


def words_for_state(state: str, noun: str) -> str:
    word, _tone = STATES.get(noun, {}).get(state, (state, "plain"))
    return gettext(word)


def tone_of_state(state: str, noun: str) -> str:
    return STATES.get(noun, {}).get(state, (state, "plain"))[1]


def tone_of_outcome(outcome: str) -> str:
    return OUTCOMES[outcome][1] if outcome in OUTCOMES else "plain"


def words_for_package(code: str, *, with_extension: bool = False) -> str:
    return gettext(PACKAGES[code][with_extension]) if code in PACKAGES else code


def words_for_category(category: str) -> str:
    """The size class of an enterprise."""
    return gettext(CATEGORIES.get(category, category))


def words_for_document(kind: str) -> str:
    return gettext(DOCUMENTS.get(kind, kind))


# What somebody may upload that is not accepted, as people call it.
OTHER_MEDIA = {
    "text/html": _("a web page"),
    "text/plain": _("a text file"),
    "application/msword": _("a Word document"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _("a Word document"),
    "application/vnd.ms-excel": _("an Excel file"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _("an Excel file"),
    "application/zip": _("a ZIP file"),
}


def words_for_media(media_type: str) -> str:
    """What kind of file it is, as people call it: `PDF`, `PNG`, `JPEG`."""
    return media_type.rpartition("/")[2].upper()


def words_for_role(role: str) -> str:
    return gettext(ROLES.get(role, role))


def words_for_may(act: str) -> str:
    """What an act of `cstraject.roles` allows, after “may”."""
    return gettext(MAY.get(act, act))


# ---- How a fact is written in a sentence ---------------------------------------------------------

MEASURES = frozenset({"stated", "earlier", "offer", "later"})
"""Facts that are days or euro (of a statement), or dates (of an order)."""

SHOWN: dict[str, Callable[[object], str]] = {
    **dict.fromkeys(
        (
            "asked",
            "by",
            "ceiling",
            "committed",
            "declared",
            "together",
            "left",
            "entitled",
            "amount",
            "granted",
            "share",
            "vat",
            "released",
            "comes_back",
            "first",
            "price",
            "price_min",
            "price_max",
            "total",
        ),
        figures.euro,
    ),
    **dict.fromkeys(
        (
            "approved_on",
            "completed_on",
            "last_day",
            "not_before",
            "on",
            "opens_on",
            "since",
            "start",
            "valid_from",
            "valid_until",
        ),
        figures.day,
    ),
    "cause": lambda value: gettext(STOP_CAUSES.get(str(value), str(value))),
    "quarter": figures.quarter,
    "person_days": lambda value: words_for_person_days(value),
    "days_before": lambda value: words_for_person_days(value),
    "phases": lambda value: _listed(_in_sentence(words_for_phase(item)) for item in _items(value)),
    "amount_before": figures.euro,
    "threshold": figures.percent,
    "delivered": figures.percent,
    # Any other kind is not named: its code says nothing to people.
    "found": lambda value: gettext(OTHER_MEDIA[str(value)]) if str(value) in OTHER_MEDIA else "",
    "phase": lambda value: _in_sentence(words_for_phase(str(value))),
    "package": lambda value: _in_sentence(words_for_package(str(value))),
    "outcome": lambda value: words_for_outcome(str(value)),
    "question": lambda value: words_for_question(str(value)),
    "questions": lambda value: _listed(
        _in_sentence(words_for_question(item)) for item in _items(value)
    ),
    "missing": lambda value: _listed(words_for_document(item) for item in _items(value)),
    "kind": lambda value: words_for_document(str(value)),
    "role": lambda value: _in_sentence(words_for_role(str(value))),
    "source": lambda value: words_for_source(str(value)),
    "state": lambda value: _in_sentence(_any_state(str(value))),
}


def _shown(name: str, value: object) -> str:
    """A fact as it reads in a sentence, by its name: facts come back from the record as text."""
    if value is None or value == "":
        return ""
    if name in SHOWN:
        return SHOWN[name](value)
    text = str(value)
    return figures.day(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text


def words_for_person_days(value: object) -> str:
    """`1 person-day`, `12.5 person-days`: what is no whole number asks the plural."""
    count = figures.number(value)
    one = 1 if count == "1" else 2
    return ngettext("%(count)s person-day", "%(count)s person-days", one) % {"count": count}


def _measure(value: object, *, as_days: bool) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        return figures.day(value)
    if as_days:
        return words_for_person_days(value)
    return figures.euro(value)


def _any_state(state: str) -> str:
    for noun in STATES:
        if state in STATES[noun]:
            return words_for_state(state, noun)
    return state


def _in_sentence(words: str) -> str:
    """Words that stand alone elsewhere, with a small first letter (but SME stays SME)."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _items(value: object) -> list[str]:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return [str(item) for item in value] if isinstance(value, Iterable) else [str(value)]


def _listed(items: Iterable[str]) -> str:
    """`a, b and c`."""
    *front, last = list(items) or [""]
    if not front:
        return last
    return gettext("%(front)s and %(last)s") % {"front": ", ".join(front), "last": last}


class _Shown(dict[str, str]):
    """A fact that is missing leaves a dash: a sentence never fails."""

    def __missing__(self, name: str) -> str:
        return figures.NOTHING


def _tell(sentences: tuple[str, ...], shown: Mapping[str, str]) -> str:
    """The first sentence whose facts are all known, else the last one."""
    known = {name for name, value in shown.items() if value}
    for sentence in sentences:
        if set(re.findall(r"%\((\w+)\)s", sentence)) <= known:
            break
    return gettext(sentence) % _Shown(shown)
