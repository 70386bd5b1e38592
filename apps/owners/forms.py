# SPDX-License-Identifier: AGPL-3.0-or-later
"""What owners fill in, checked with sentences that say the cure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.owners.services import CameraWords
from camera_registry.constants import DEFAULT_INTERVAL_S
from camera_registry.keys import parse_public_key

__all__ = ["ConfirmForm", "ConnectForm", "JoinForm", "NewCameraForm", "WordsForm"]

INTERVALS = (
    (10, _("10 seconds")),
    (15, _("15 seconds")),
    (30, _("30 seconds")),
    (60, _("1 minute")),
    (120, _("2 minutes")),
    (300, _("5 minutes")),
)
PASSWORD, KEY, OWN_KEY = "password", "key", "own"
METHODS = (
    (PASSWORD, _("A password: most cameras know nothing else")),
    (KEY, _("A private key, made for you: safer, for cameras and computers that take one")),
    (OWN_KEY, _("A key of my own: I give you its public half")),
)
STOPS = (
    ("now", _("at once")),
    ("3600", _("in an hour")),
    ("86400", _("in a day")),
    ("604800", _("in a week")),
)


class JoinForm(UserCreationForm):
    """The account of somebody who was invited. Never staff, whatever is sent."""

    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("You are told here when your camera stops sending. Nobody else sees it."),
    )

    class Meta:
        model = get_user_model()
        fields = ("username", "email")
        labels = {"username": _("Name to log in with")}
        help_texts = {"username": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["autocomplete"] = "username"
        self.fields["email"].widget.attrs["autocomplete"] = "email"


class WordsForm(forms.Form):
    """What is said of a camera, to people."""

    title = forms.CharField(
        label=_("What is it called?"),
        max_length=120,
        help_text=_("For example: Main street, third floor, looking north."),
        error_messages={"required": _("Give the camera a name.")},
    )
    purpose = forms.CharField(
        label=_("What is it for?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("This stands on the notice and is what you agree to."),
        error_messages={"required": _("Say what the camera is for.")},
    )
    responsible = forms.CharField(
        label=_("Who is responsible?"),
        max_length=200,
        help_text=_("A person or a body, as it should stand on the notice."),
        error_messages={"required": _("Name the person or body that is responsible.")},
    )
    contact = forms.CharField(
        label=_("How can they be reached?"),
        max_length=200,
        help_text=_("E-mail or telephone; it stands on the notice and on its public page."),
        error_messages={"required": _("Give an e-mail address or a telephone number.")},
    )
    expected_interval_s = forms.TypedChoiceField(
        label=_("How often does it send a picture?"),
        choices=INTERVALS,
        coerce=int,
        initial=DEFAULT_INTERVAL_S,
        help_text=_("Every 10 to 30 seconds is good."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        interval_s = self.initial.get("expected_interval_s", DEFAULT_INTERVAL_S)
        if interval_s not in dict(INTERVALS):  # an admin chose another one
            self.fields["expected_interval_s"].choices = [(interval_s, f"{interval_s} s"), *INTERVALS]

    def words(self) -> CameraWords:
        """What was filled in."""
        return CameraWords(**{name: self.cleaned_data[name] for name in CameraWords.__dataclass_fields__})


class NewCameraForm(WordsForm):
    """The same, with the owner's consent."""

    agree = forms.BooleanField(
        label=_("I agree to this."),
        error_messages={"required": _("Without your consent the camera cannot be used.")},
    )


class ConnectForm(forms.Form):
    """How the camera logs in from now on, and when what opened the door before stops."""

    method = forms.ChoiceField(
        label=_("How does your camera log in?"), choices=METHODS, widget=forms.RadioSelect
    )
    public_key = forms.CharField(
        label=_("Public key"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_(
            "One line that begins with ssh-ed25519, ecdsa-sha2-… or ssh-rsa: the file that ends in .pub."
        ),
    )
    old_stops = forms.ChoiceField(label=_("The old one stops"), choices=STOPS, initial="now", required=False)

    def clean_public_key(self) -> str:
        """The key, when one is asked for."""
        text = self.cleaned_data["public_key"].strip()
        if self.data.get("method") != OWN_KEY:
            return ""
        if not text:
            raise ValidationError(_("Paste the public key, or choose another way."))
        try:
            parse_public_key(text)
        except ValueError as error:
            if "PRIVATE KEY" in text:
                raise ValidationError(
                    _("This is the private key. Keep it, and give the public half (.pub) here.")
                ) from error
            raise ValidationError(
                _(
                    "This is not a public key that can be used; give an Ed25519, ECDSA or RSA (2048 bits or more) one."
                )
            ) from error
        return text

    def old_until(self) -> dt.datetime | None:
        """When the old one stops; None: at once."""
        chosen = self.cleaned_data.get("old_stops") or "now"
        return None if chosen == "now" else timezone.now() + dt.timedelta(seconds=int(chosen))


class ConfirmForm(forms.Form):
    """The owner's password, before what cannot be undone."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Must be the right one."""
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not your password."))
        return password
