# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who switched a camera off, and when. Cameras that are off already stay their owners' to switch on: nobody wrote it down."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("camera_registry", "0005_owners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="camera",
            name="kept_off",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="An admin switched it off; its owner cannot switch it on.",
            ),
        ),
        migrations.AddField(
            model_name="camera",
            name="off_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="camera",
            name="off_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="Who switched it off; empty at the command line, and when the person is gone.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="camera",
            constraint=models.CheckConstraint(
                condition=models.Q(("enabled", False), ("kept_off", False), _connector="OR"),
                name="camera_kept_off_is_off",
            ),
        ),
    ]
