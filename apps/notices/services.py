"""What one may do: post a message, and send what was posted."""

import logging
from datetime import datetime, timedelta

from django.core.mail import send_mail
from django.db import transaction

from apps.accounts.keys import lock, unlock
from apps.notices.models import Mail

log = logging.getLogger(__name__)

TRIES_MAX = 10


def post_mail(*, to: str, subject: str, text: str, at: datetime) -> None:
    """Let a message wait to be sent, in the same transaction as what it tells."""
    Mail.objects.create(
        to=to,
        subject=subject,
        locked=lock(text, purpose=f"mail:{to}"),
        posted_at=at,
        next_try_at=at,
    )


@transaction.atomic
def send_mail_posted(*, mail: Mail, at: datetime) -> bool:
    """Send a message that waits, whose row is locked; whether that worked.

    When it does not it is tried again, each time after twice as long, and given up in the end.
    A worker that dies in between sends it twice rather than never.
    """
    # For whom it was written alone: SQL cannot send it to another address.
    text = unlock(mail.locked, purpose=f"mail:{mail.to}")
    mail.tries += 1
    try:
        if text is not None:
            send_mail(mail.subject, text, None, [mail.to])
            mail.sent_at = at
    except Exception:  # Whatever is wrong with one message or its server keeps no other waiting.
        log.exception("message %s was not sent", mail.pk)
        mail.next_try_at = at + timedelta(minutes=2**mail.tries)
    if mail.sent_at is None and (text is None or mail.tries >= TRIES_MAX):
        mail.given_up_at = at
    if mail.sent_at or mail.given_up_at:
        mail.locked = ""
    mail.save(update_fields=["tries", "sent_at", "given_up_at", "next_try_at", "locked"])
    return mail.sent_at is not None
