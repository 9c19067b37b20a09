"""Answering an invitation, by the key in its mail."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.accounts.refusals import note_refusal
from apps.design.words import words_for, words_for_may
from apps.members.selectors import Shown, shown_invitation
from apps.members.services import LINK, accept_invitation
from cstraject.refusal import Refusal
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES

# In the session, so that the key leaves the address line at once.
KEY = "invitation"


class PasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A first password, twice."""

    error_messages = {"password_mismatch": _("The two passwords are not the same.")}

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields["new_password1"].label = _("Choose a password")
        self.fields["new_password1"].help_text = _("At least 12 characters. A sentence is good.")
        self.fields["new_password2"].label = _("The same password once more")
        self.fields["new_password2"].help_text = ""

    def validate_password_for_user(self, user: User, password_field_name: str = "") -> None:
        """What is wrong with a password is told where it was chosen, not where it was repeated."""
        super().validate_password_for_user(user, "new_password1")


@require_safe
def open_invitation(request: HttpRequest, key: str) -> HttpResponse:
    # A link of ours is signed: a row that SQL wrote has a key, and no link that opens it.
    try:
        request.session[KEY] = Signer(salt=LINK).unsign(key)
    except BadSignature:
        request.session.pop(KEY, None)
    return redirect("invitation")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Show what somebody is invited to; by a deed of theirs it is accepted."""
    key, at = request.session.get(KEY, ""), timezone.now()
    asked = shown_invitation(key, at=at) if key else None
    if asked is None:
        note_refusal(request, "invitation")
        request.session.pop(KEY, None)
        return render(request, "entrance/invitation.html", {"asked": None}, status=410)
    user = request.user if isinstance(request.user, User) else None
    form = None
    if user is None and not asked.has_account:
        invited = User(email=asked.email, name=asked.name)
        form = PasswordForm(invited, request.POST or None)
    if request.method == "POST" and (form.is_valid() if form else _is(user, asked)):
        try:
            accept_invitation(
                key=key,
                user=user,
                password=form.cleaned_data["new_password1"] if form else "",
                at=at,
            )
        except Refusal as refusal:
            note_refusal(request, "invitation", address=asked.email)
            messages.error(request, words_for(refusal))
            return redirect("invitation")
        del request.session[KEY]
        done = gettext("You are in. Sign in with your e-mail address and the password you chose.")
        if user:
            done = gettext("The role is yours.")
        messages.success(request, done)
        return redirect("home" if user else "account_login")
    context = {
        "asked": asked,
        "may": _may(asked),
        "form": form,
        "second_factor": settings.SECOND_FACTOR,
        "is_this_person": _is(user, asked),
        "sign_in": f"{reverse('account_login')}?next={reverse('invitation')}",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "entrance/invitation.html", context, status=status)


def _may(asked: Shown) -> list[str]:
    """What its role allows, in words; asked of nobody who was not told of the role."""
    roles = PROVIDER_ROLES if asked.provider_name else AGENCY_ROLES
    return [words_for_may(act) for act in sorted(roles[asked.role])]


def _is(user: User | None, asked: Shown) -> bool:
    return user is not None and user.email == asked.email
