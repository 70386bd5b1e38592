# SPDX-License-Identifier: AGPL-3.0-or-later
"""The language of alerts by e-mail: at first the one in which the owner last agreed."""

from django.conf import settings
from django.db import migrations, models


def as_agreed(apps, schema_editor):
    """Cameras without a consent keep the site's language."""
    known = dict(settings.LANGUAGES)
    for camera in apps.get_model("camera_registry", "Camera").objects.all():
        last = camera.consents.order_by("given_at", "pk").last()
        if last is not None and last.language in known:
            type(camera).objects.filter(pk=camera.pk).update(alert_language=last.language)


class Migration(migrations.Migration):
    dependencies = [
        ("camera_registry", "0006_who_switched_off"),
    ]

    operations = [
        migrations.AddField(
            model_name="camera",
            name="alert_language",
            field=models.CharField(
                choices=[("en-gb", "English"), ("tr", "Türkçe")],
                default="en-gb",
                help_text="A webhook is always sent English.",
                max_length=10,
                verbose_name="language of the e-mails",
            ),
        ),
        migrations.RunPython(as_agreed, migrations.RunPython.noop),
    ]
